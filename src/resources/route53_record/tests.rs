use super::*;

#[test]
fn ids_name_one_record() {
    for text in ["Z1/www.example.com/A", "Z1/*.example.com/CNAME", "Z1/example.com/A/blue/green"] {
        let (zone, key) = parse(text).expect("an id");
        assert_eq!(id(zone, &key), text);
    }
    assert_eq!(parse("www.example.com"), None);
}

#[test]
fn a_record_is_read_back_as_it_is_written() {
    let declared: Route53Record = serde_json::from_value(serde_json::json!({
        "zone_id": "Z1", "name": "*.example.com", "type": "TXT", "ttl": 60, "records": ["a \"b\"", "é"],
        "set_identifier": "one", "weighted_routing_policy": {"weight": 10},
        "multivalue_answer_routing_policy": false, "allow_overwrite": false,
    }))
    .expect("a record");
    let sent = declared.sdk().expect("a record of the API's");
    assert_eq!(live("Z1", &sent, Tags::new()).spec, declared);
}
