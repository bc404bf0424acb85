//! Files: what is read, and what is never read.

use std::fs;

use super::super::super::tests::{Small, check};
use super::super::super::{Files, Place, Template};
use crate::error::FileId;
use crate::kind::{Shape, Value};

/// A stack's folder with some files in it, beside a secret.
fn folder() -> tempfile::TempDir {
    let outer = tempfile::tempdir().unwrap();
    let stack = outer.path().join("stack");
    fs::create_dir_all(stack.join("files/deep")).unwrap();
    fs::write(outer.path().join("secret"), "hunter2").unwrap();
    fs::write(stack.join("hello.txt"), "hello\n").unwrap();
    fs::write(stack.join("binary"), [0xff, 0xfe]).unwrap();
    fs::write(stack.join("files/a.sh"), "a").unwrap();
    fs::write(stack.join("files/b.txt"), "b").unwrap();
    fs::write(stack.join("files/deep/c.sh"), "c").unwrap();
    fs::write(stack.join("user_data.tftpl"), "%{ for p in ports ~}\nopen ${p} $${HOME}\n%{ endfor ~}\nname=${name}")
        .unwrap();
    fs::write(stack.join("sole.tftpl"), "${name}").unwrap();
    fs::write(stack.join("bad.tftpl"), "one\ntwo ${nme}").unwrap();
    fs::write(stack.join("broken.tftpl"), "one\n${").unwrap();
    fs::write(stack.join("nested.tftpl"), "${templatefile(\"sole.tftpl\", {name = 1})}").unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(outer.path().join("secret"), stack.join("link")).unwrap();
        std::os::unix::fs::symlink(stack.join("hello.txt"), stack.join("inside")).unwrap();
    }
    outer
}

fn shown(folder: &tempfile::TempDir, expression: &str) -> String {
    let text = format!("${{{expression}}}");
    let stack = folder.path().join("stack");
    let template = Template::parse(&text, &Place::verbatim(FileId(0), 0, text.len())).unwrap();
    match template.evaluate(&Small(Value::unknown(Shape::Any, "var")), &Files::new(&stack, &stack)) {
        Ok(value) => value.to_string(),
        Err(problem) => format!("error: {}", problem.message.replace(&stack.display().to_string(), "<stack>")),
    }
}

#[test]
fn files_of_the_stack_are_read_and_nothing_else() {
    let folder = folder();
    for (expression, want) in [
        (r#"file("hello.txt")"#, r#""hello\n""#),
        (r#"file("./files/../hello.txt")"#, r#""hello\n""#),
        (r#"file("inside")"#, r#""hello\n""#),
        (r#"file("link")"#, "error: `file`: `link` is outside the stack's folder; nothing outside it is read"),
        (
            r#"file("../secret")"#,
            "error: `file`: `../secret` is outside the stack's folder; nothing outside it is read",
        ),
        (
            r#"file("../nothing")"#,
            "error: `file`: `../nothing` is outside the stack's folder; nothing outside it is read",
        ),
        (
            r#"fileexists("/etc/nothing")"#,
            "error: `fileexists`: `/etc/nothing` is outside the stack's folder; nothing outside it is read",
        ),
        (
            r#"file("hello")"#,
            "error: `file`: there is no file `hello` (paths are relative to the folder of the stack file, `<stack>`)",
        ),
        (r#"file("files")"#, "error: `file`: `files` is not a file"),
        (r#"file("binary")"#, "error: `file`: `binary` is not text in UTF-8; use `filebase64`"),
        (r#"filebase64("binary")"#, r#""//4=""#),
        (r#"filesha256("hello.txt")"#, r#""5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03""#),
        (r#"fileexists("hello.txt")"#, "true"),
        (r#"fileexists("hello")"#, "false"),
        (r#"fileset("files", "*.sh")"#, r#"["a.sh"]"#),
        (r#"fileset("files", "**/*.sh")"#, r#"["a.sh", "deep/c.sh"]"#),
        (r#"fileset(".", "files/{a,b}.*")"#, r#"["files/a.sh", "files/b.txt"]"#),
        (r#"fileset("nothing", "*")"#, "[]"),
        (r#"try(file("hello"), "none")"#, r#""none""#),
        ("file(vpc.id)", "(known after apply)"),
    ] {
        assert_eq!(shown(&folder, expression), want, "{expression}");
    }
}

#[test]
fn template_files_see_their_variables_alone() {
    let folder = folder();
    for (expression, want) in [
        (
            r#"templatefile("user_data.tftpl", {ports = [80, 443], name = "x"})"#,
            r#""open 80 ${HOME}\nopen 443 ${HOME}\nname=x""#,
        ),
        (r#"templatefile("sole.tftpl", {name = 1})"#, r#""1""#),
        (r#"templatefile("sole.tftpl", {name = vpc.id})"#, "(known after apply)"),
        (r#"templatefile("sole.tftpl", {name = sensitive("x")})"#, "(sensitive)"),
        (
            r#"templatefile("bad.tftpl", {name = 1})"#,
            "error: `templatefile`: bad.tftpl, line 2, column 7: there is no `nme` (Did you mean `name`?) \
             (A template file sees only the variables that `templatefile` gives it)",
        ),
        (
            r#"templatefile("nested.tftpl", {})"#,
            "error: `templatefile`: nested.tftpl, line 1, column 3: `templatefile`: a template file cannot render another one",
        ),
    ] {
        assert_eq!(shown(&folder, expression), want, "{expression}");
    }
    assert!(shown(&folder, r#"templatefile("broken.tftpl", {})"#).contains("broken.tftpl, line 2, column "));
}

#[test]
fn paths_are_cut_as_go_cuts_them() {
    check(&[
        (r#"basename("foo/bar/baz.txt")"#, r#""baz.txt""#),
        (r#"basename("foo/")"#, r#""foo""#),
        (r#"basename("/")"#, r#""/""#),
        (r#"basename("")"#, r#"".""#),
        (r#"dirname("foo/bar/baz.txt")"#, r#""foo/bar""#),
        (r#"dirname("foo")"#, r#"".""#),
        (r#"dirname("/foo")"#, r#""/""#),
        (r#"dirname("foo/./bar/../baz")"#, r#""foo""#),
        (r#"file("x")"#, "error: `file`: `x` cannot be read: the stack has no folder"),
    ]);
}
