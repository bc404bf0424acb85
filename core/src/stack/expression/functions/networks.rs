//! Networks in CIDR notation.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::arguments::Arguments;
use super::{Fault, Function, Gives, Run};
use crate::kind::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("cidrhost", "prefix, hostnum", Gives::String, Run::Deep(cidrhost)),
    Function::new("cidrnetmask", "prefix", Gives::String, Run::Deep(cidrnetmask)),
    Function::new("cidrsubnet", "prefix, newbits, netnum", Gives::String, Run::Deep(cidrsubnet)),
    Function::new("cidrsubnets", "prefix, newbits...", Gives::Strings, Run::Deep(cidrsubnets)),
];

fn network(arguments: &Arguments<'_>) -> Result<IpNet, Fault> {
    let text = arguments.text(0)?;
    let network: IpNet = text
        .parse()
        .map_err(|_| Fault::at(0, format!("`{text}` is no network in CIDR notation, such as 10.0.0.0/16")))?;
    Ok(network.trunc())
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The address of those bits, in the family of `like`.
fn address(bits: u128, like: IpNet) -> Result<IpAddr, Fault> {
    match like {
        IpNet::V4(_) => u32::try_from(bits)
            .map(|bits| Ipv4Addr::from_bits(bits).into())
            .map_err(|_| "the address lies outside the address space".into()),
        IpNet::V6(_) => Ok(Ipv6Addr::from_bits(bits).into()),
    }
}

/// The network that begins `number` networks of `length` bits behind the beginning of `within`.
fn subnet(within: IpNet, length: u8, number: u128) -> Result<IpNet, Fault> {
    let shift = u32::from(within.max_prefix_len() - length);
    let offset = number.checked_shl(shift).filter(|offset| offset >> shift == number).unwrap_or(0);
    let first = bits(within.network()).checked_add(offset).ok_or("the network lies outside the address space")?;
    IpNet::new(address(first, within)?, length).map_err(|error| error.to_string().into())
}

/// How long the prefix is with `argument` more bits.
fn longer(arguments: &Arguments<'_>, argument: usize, network: IpNet) -> Result<u8, Fault> {
    let more = arguments.size(argument, 128)?;
    let length = usize::from(network.prefix_len()) + more;
    u8::try_from(length).ok().filter(|length| *length <= network.max_prefix_len()).ok_or_else(|| {
        let (has, most) = (network.prefix_len(), network.max_prefix_len());
        Fault::at(argument, format!("{more} more bits are too many: the prefix has {has} of at most {most}"))
    })
}

fn cidrhost(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let (network, number) = (network(arguments)?, arguments.whole(1)?);
    let host_bits = u32::from(network.max_prefix_len() - network.prefix_len());
    let last = u128::MAX.checked_shr(128 - host_bits).unwrap_or(0);
    let offset = match u128::try_from(number) {
        Ok(number) => Some(number).filter(|number| *number <= last),
        Err(_) => last.checked_sub(u128::from(number.unsigned_abs()) - 1),
    };
    let offset = offset.ok_or_else(|| Fault::at(1, format!("the prefix {network} has no host {number}")))?;
    Ok(Value::from(address(bits(network.network()) | offset, network)?.to_string()))
}

fn cidrnetmask(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    match network(arguments)? {
        IpNet::V4(network) => Ok(Value::from(network.netmask().to_string())),
        IpNet::V6(_) => Err(Fault::at(0, "IPv6 networks have no netmask")),
    }
}

fn cidrsubnet(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let network = network(arguments)?;
    let length = longer(arguments, 1, network)?;
    let number = arguments.whole(2)?;
    let count = 1_u128.checked_shl(u32::from(length - network.prefix_len()));
    let number =
        u128::try_from(number).ok().filter(|number| count.is_none_or(|count| *number < count)).ok_or_else(|| {
            let count = count.map_or_else(String::new, |count| count.to_string());
            Fault::at(
                2,
                format!("there is no network {number}: {network} has {count} networks of /{length}, counted from 0"),
            )
        })?;
    Ok(Value::from(subnet(network, length, number)?.to_string()))
}

/// Networks one behind the other, each beginning where its length allows.
fn cidrsubnets(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let network = network(arguments)?;
    let mut result: Vec<IpNet> = Vec::new();
    for at in 1..arguments.len() {
        let length = longer(arguments, at, network)?;
        let shift = u32::from(network.max_prefix_len() - length);
        let full = || Fault::at(at, format!("there is not enough room left in {network} for a network of /{length}"));
        let number = match result.last() {
            None => 0,
            Some(before) => {
                let after = (bits(before.broadcast()) - bits(network.network())).checked_add(1).ok_or_else(full)?;
                let size = 1_u128.checked_shl(shift).ok_or_else(full)?;
                after.div_ceil(size)
            }
        };
        let count = 1_u128.checked_shl(u32::from(length - network.prefix_len()));
        if count.is_some_and(|count| number >= count) {
            return Err(full());
        }
        result.push(subnet(network, length, number)?);
    }
    Ok(Value::list(result.into_iter().map(|network| Value::from(network.to_string()))))
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::check;

    #[test]
    fn networks_are_cut_as_in_terraform() {
        check(&[
            (r#"cidrhost("10.12.112.0/20", 16)"#, r#""10.12.112.16""#),
            (r#"cidrhost("10.12.112.0/20", 268)"#, r#""10.12.113.12""#),
            (r#"cidrhost("10.12.112.0/20", -1)"#, r#""10.12.127.255""#),
            (r#"cidrhost("fd00:fd12:3456:7890:00a2::/72", 34)"#, r#""fd00:fd12:3456:7890::22""#),
            (r#"cidrhost("10.0.0.0/30", 4)"#, "error: `cidrhost`: the prefix 10.0.0.0/30 has no host 4"),
            (r#"cidrhost("10.0.0.1/32", 0)"#, r#""10.0.0.1""#),
            (r#"cidrhost("::/0", -1)"#, r#""ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff""#),
            (r#"cidrnetmask("172.16.0.0/12")"#, r#""255.240.0.0""#),
            (r#"cidrnetmask("::/8")"#, "error: `cidrnetmask`: IPv6 networks have no netmask"),
            (r#"cidrsubnet("172.16.0.0/12", 4, 2)"#, r#""172.18.0.0/16""#),
            (r#"cidrsubnet("10.1.2.0/24", 4, 15)"#, r#""10.1.2.240/28""#),
            (r#"cidrsubnet("10.1.2.3/16", 8, 1)"#, r#""10.1.1.0/24""#),
            (r#"cidrsubnet("fd00:fd12:3456:7890::/56", 16, 162)"#, r#""fd00:fd12:3456:7800:a200::/72""#),
            (r#"cidrsubnet("fd00:fd12:3456:7890::/56", 16, 65535)"#, r#""fd00:fd12:3456:78ff:ff00::/72""#),
            (r#"cidrsubnet("::/0", 128, 5)"#, r#""::5/128""#),
            (
                r#"cidrsubnet("10.0.0.0/16", 8, 256)"#,
                "error: `cidrsubnet`: there is no network 256: 10.0.0.0/16 has 256 networks of /24, counted from 0",
            ),
            (
                r#"cidrsubnet("10.0.0.0/30", 4, 0)"#,
                "error: `cidrsubnet`: 4 more bits are too many: the prefix has 30 of at most 32",
            ),
            (
                r#"cidrsubnet("10.0.0/8", 4, 0)"#,
                "error: `cidrsubnet`: `10.0.0/8` is no network in CIDR notation, such as 10.0.0.0/16",
            ),
            (
                r#"cidrsubnets("10.1.0.0/16", 4, 4, 8, 4)"#,
                r#"["10.1.0.0/20", "10.1.16.0/20", "10.1.32.0/24", "10.1.48.0/20"]"#,
            ),
            (
                r#"cidrsubnets("fd00:fd12:3456:7890::/56", 16, 16, 16, 32)"#,
                r#"["fd00:fd12:3456:7800::/72", "fd00:fd12:3456:7800:100::/72", "fd00:fd12:3456:7800:200::/72", "fd00:fd12:3456:7800:300::/88"]"#,
            ),
            (
                r#"cidrsubnets("10.0.0.0/24", 1, 1, 1)"#,
                "error: `cidrsubnets`: there is not enough room left in 10.0.0.0/24 for a network of /25",
            ),
            (
                r#"cidrsubnets("::/0", 0, 0)"#,
                "error: `cidrsubnets`: there is not enough room left in ::/0 for a network of /0",
            ),
            (
                r#"[for c in cidrsubnets("10.1.0.0/16", 8, 4) : cidrsubnet(c, 4, 1)]"#,
                r#"["10.1.0.16/28", "10.1.17.0/24"]"#,
            ),
            (r#"cidrsubnet("0.0.0.0/0", 0, 0)"#, r#""0.0.0.0/0""#),
        ]);
    }
}
