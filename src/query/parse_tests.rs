use super::super::expression::{Number, Operand};
use super::super::json_path::JsonPath;
use super::*;

/// A query in a notation without sugar.
fn plain(expression: &Expression) -> String {
    let joined = |parts: &[Expression], word: &str| {
        let parts: Vec<String> = parts.iter().map(plain).collect();
        format!("{word}({})", parts.join(" "))
    };
    match expression {
        Expression::And(parts) => joined(parts, "and"),
        Expression::Or(parts) => joined(parts, "or"),
        Expression::Not(part) => format!("not({})", plain(part)),
        Expression::Word(word) => format!("{word:?}"),
        Expression::Test(Test { field, check }) => {
            let check = match check {
                Check::Present => "?".to_owned(),
                Check::Is(operands) => {
                    format!("={}", operands.iter().map(operand).collect::<Vec<_>>().join(","))
                }
                Check::Contains(texts) => format!(":{texts:?}"),
                Check::Matches(pattern) => format!("~{}", pattern.text()),
                Check::Compares(relation, value) => {
                    let relation = match relation {
                        Relation::Less => "<",
                        Relation::AtMost => "<=",
                        Relation::Greater => ">",
                        Relation::AtLeast => ">=",
                    };
                    format!("{relation}{}", operand(value))
                }
            };
            format!("{}{check}", field.name)
        }
    }
}

fn operand(operand: &Operand) -> String {
    let number = |number: &Number| match number {
        Number::Whole(whole) => whole.to_string(),
        Number::Real(real) => format!("{real:?}"),
    };
    match operand {
        Operand::Text { text, number: Some(value) } => format!("{text:?}/{}", number(value)),
        Operand::Text { text, number: None } => format!("{text:?}"),
        Operand::Number(value) => number(value),
        Operand::Flag(flag) => flag.to_string(),
        Operand::Version(parts) => format!("v{parts:?}"),
        Operand::Uuid(uuid) => format!("uuid {uuid}"),
        Operand::Period(from, until) => format!("{from}..{until}"),
        Operand::Age(seconds) => format!("{seconds}s ago"),
    }
}

#[rstest::rstest]
#[case("", "and()")]
#[case("  \t", "and()")]
#[case("az=az1", r#"az="az1""#)]
#[case("zone=az1", r#"az="az1""#)]
#[case("AZ = az1", r#"az="az1""#)]
#[case("az==az1", r#"az="az1""#)]
#[case("az=az1,az2", r#"az="az1","az2""#)]
#[case("az=az1, az2", r#"az="az1","az2""#)]
#[case("db=api|cell1", r#"db="api","cell1""#)]
#[case("az=az1 , az2 ,az3 vcpus", r#"and(az="az1","az2","az3" vcpus?)"#)]
#[case("az=\"a\" | az2", r#"az="a","az2""#)]
#[case("az=az1 || az=az2", r#"or(az="az1" az="az2")"#)]
#[case("az=az1 \",\"", r#"and(az="az1" ",")"#)]
#[case("demands=N", r#"demands="N""#)]
#[case("demands=N,P", r#"demands="N","P""#)]
#[case("demands=GN", r#"and(demands="G" demands="N" not(demands="H","P","F","I","D","V"))"#)]
#[case(
    "demands=GHNPFIDV",
    r#"and(demands="G" demands="H" demands="N" demands="P" demands="F" demands="I" demands="D" demands="V")"#
)]
#[case(
    "demands=F,NP,V",
    r#"or(demands="F","V" and(demands="N" demands="P" not(demands="G","H","F","I","D","V")))"#
)]
#[case("demands!=NP", r#"not(and(demands="N" demands="P" not(demands="G","H","F","I","D","V")))"#)]
#[case("demands:n", r#"demands:["n"]"#)]
#[case("az!=az1", r#"not(az="az1")"#)]
#[case("az<>az1", r#"not(az="az1")"#)]
#[case("az=\"a, b\",'c d'", r#"az="a, b","c d""#)]
#[case("az=\"\"", r#"az="""#)]
#[case(r#"az="a\"b\\c\d""#, r#"az="a\"b\\c\\d""#)]
#[case("az=a=b", r#"az="a=b""#)]
#[case("az:Z1,x", r#"az:["z1", "x"]"#)]
#[case("az!:z", r#"not(az:["z"])"#)]
#[case("flavor~^m1", "flavor~^m1")]
#[case("flavor=~^m1", "flavor~^m1")]
#[case("flavor!~^m1", "not(flavor~^m1)")]
#[case(r"flavor~^m1\.(small|large)$ az", r"and(flavor~^m1\.(small|large)$ az?)")]
#[case(r"(flavor~^m1\.(a|b)) x", r#"and(flavor~^m1\.(a|b) "x")"#)]
#[case(r"(flavor~[)(]\)x{1,2})", r"flavor~[)(]\)x{1,2}")]
#[case(r"(flavor~[^])])", r"flavor~[^])]")]
#[case(r#"flavor~"a b""#, "flavor~a b")]
#[case("vcpus>=8", "vcpus>=8")]
#[case("vcpus >= 8", "vcpus>=8")]
#[case("vcpus<1.5", "vcpus<1.5")]
#[case("vcpus=-1,2", "vcpus=-1,2")]
#[case("ram>16G", "ram>17179869184")]
#[case("ram>1gib", "ram>1073741824")]
#[case("ram=512", "ram=536870912")]
#[case("ram=1.5G", "ram=1610612736")]
#[case("ram=0.3b", "ram=0.3")]
#[case("disk>=100", "disk>=107374182400")]
#[case("size>64K", "size>65536")]
#[case("size>64", "size>64")]
#[case("bfv", "bfv?")]
#[case("bfv=Yes,0", "bfv=true,false")]
#[case("version<1.12", "version<v[1, 12]")]
#[case("uuid=3F0C9A1E", "uuid=uuid 3f0c9a1e")]
#[case("uuid=3f0c9a1e00004000800000000000000a", "uuid=uuid 3f0c9a1e-0000-4000-8000-00000000000a")]
#[case("uuid=3f0c9a1e0000400", "uuid=uuid 3f0c9a1e-0000-400")]
#[case("updated>30d", "updated>2592000s ago")]
#[case("updated<1.5h", "updated<5400s ago")]
#[case("updated<6months", "updated<15552000s ago")]
#[case("updated=1970", "updated=0..31536000")]
#[case("updated=1970-02", "updated=2678400..5097600")]
#[case("updated=2024-02-29", "updated=1709164800..1709251200")]
#[case("updated>=2026-11-22T15", "updated>=1795359600..1795363200")]
#[case("updated>=2026-11-22T15:52", "updated>=1795362720..1795362780")]
#[case("updated>=2026-11-22T15:52:00Z", "updated>=1795362720..1795362721")]
#[case("updated>=\"2026-11-22 15:52:00.5\"", "updated>=1795362720..1795362721")]
#[case("updated:10:30", r#"updated:["10:30"]"#)]
#[case("hint.group", "hint.group?")]
#[case("not forced", "not(forced?)")]
#[case("!forced", "not(forced?)")]
#[case("NOT not forced", "not(not(forced?))")]
#[case("not(forced)", "not(forced?)")]
#[case("a b c", r#"and("a" "b" "c")"#)]
#[case("a and b or c d", r#"or(and("a" "b") and("c" "d"))"#)]
#[case("a && b || c", r#"or(and("a" "b") "c")"#)]
#[case("a (b OR c)", r#"and("a" or("b" "c"))"#)]
#[case("(((a)))", r#""a""#)]
#[case("M1.Large", r#""m1.large""#)]
#[case("\"10:30\" 'or'", r#"and("10:30" "or")"#)]
#[case("don't", r#""don't""#)]
#[case("extra", "extra?")]
#[case("extra:ded", r#"extra:["ded"]"#)]
#[case("extra.hw:cpu_policy=dedicated", r#"extra.hw:cpu_policy="dedicated""#)]
#[case("extra.hw:cpu_policy", "extra.hw:cpu_policy?")]
#[case("extra.hw:cpu_policy:ded", r#"extra.hw:cpu_policy:["ded"]"#)]
#[case("extra.hw:cpu_policy:a:b", r#"extra.hw:cpu_policy:["a:b"]"#)]
#[case("extra.\"hw:cpu_policy\":ded", r#"extra.hw:cpu_policy:["ded"]"#)]
#[case("extra.hw:cpu_policy!:ded", r#"not(extra.hw:cpu_policy:["ded"])"#)]
#[case("extra.my:key=1", r#"extra.my:key="1"/1"#)]
#[case("extra.my:key >= 1", "extra.my:key>=1")]
#[case("extra.my:key", r#"extra.my:["key"]"#)]
#[case("extra.\"my:key\"", "extra.my:key?")]
#[case("extra.resources1:VCPU", "extra.resources1:VCPU?")]
#[case("extra.trait_NIC:CUSTOM_A=required", r#"extra.trait_NIC:CUSTOM_A="required""#)]
#[case("flavor.extra_specs.hw:numa_cpus.0=1", r#"extra.hw:numa_cpus.0="1"/1"#)]
#[case("extra.\"a b\"=1", r#"extra."a b"="1"/1"#)]
#[case("extra.*:ded", r#"extra:["ded"]"#)]
#[case("image.* = virtio", r#"image.*="virtio""#)]
#[case("hint.\"*\"", r#"hint."*"?"#)]
#[case("image.name:ubuntu", r#"image:["ubuntu"]"#)]
#[case("image.properties.os_type=linux", r#"image.os_type="linux""#)]
#[case("image.hw_disk_bus=virtio", r#"image.hw_disk_bus="virtio""#)]
#[case("hint.x>8G", "hint.x>8589934592")]
#[case("hint.x=1e3,01", r#"hint.x="1e3"/1000.0,"01"/1"#)]
#[case("pagesize=1", r#"pagesize="1""#)]
#[case("$.limits", "$.limits?")]
#[case("$", "$?")]
#[case("$.flavor.extra_specs.\"hw:cpu_policy\"=x", r#"$.flavor.extra_specs."hw:cpu_policy"="x""#)]
#[case("$.flavor.extra_specs.hw:cpu_policy=x", r#"$.flavor.extra_specs."hw:cpu_policy"="x""#)]
#[case("$.flavor.name:m1.small", r#"$.flavor.name:["m1.small"]"#)]
#[case("$.force_hosts[0]=cmp1", r#"$.force_hosts[0]="cmp1""#)]
#[case("$.a[*].b.*['c d'][\"e\"]", r#"$.a[*].b[*]."c d".e?"#)]
#[case("$.nova_object.version=1.15", r#"$."nova_object.version"="1.15"/1.15"#)]
#[case(r#"$."caf\u00e9"=1"#, r#"$."caf\u00e9"="1"/1"#)]
#[case("instance.host=cmp1 twin=different", r#"and(instance.host="cmp1" twin="different")"#)]
fn a_query_means(#[case] text: &str, #[case] expected: &str) {
    match parse(text) {
        Ok(query) => assert_eq!(plain(&query.expression), expected, "{text}"),
        Err(error) => panic!("{error}\n{}", error.caret(text)),
    }
}

#[rstest::rstest]
#[case("vcpuss>=8", 0..6, r#"there is no field "vcpuss"; did you mean vcpus? (to search for the text, put it in quotes: "vcpuss>=8")"#)]
#[case("az=az1 flavr=x", 7..12, r#"there is no field "flavr"; did you mean flavor? (to search for the text, put it in quotes: "flavr=x")"#)]
#[case("avail=x", 0..5, r#"there is no field "avail"; did you mean availability_zone? (to search for the text, put it in quotes: "avail=x")"#)]
#[case("extr.hw:x=1", 0..7, r#"there is no field "extr.hw"; did you mean extra.hw? (to search for the text, put it in quotes: "extr.hw:x=1")"#)]
#[case("limits.vcpu=1", 0..11, r#"there is no field "limits.vcpu"; a path of the stored text is written $.limits.vcpu (to search for the text, put it in quotes: "limits.vcpu=1")"#)]
#[case("10:30", 0..2, r#"there is no field "10"; to search for the text, put it in quotes: "10:30""#)]
#[case("\"az\"=x", 0..4, r#"the name of a field stands without quotes; quotes are for values and for keys: extra."my:key"=text"#)]
#[case("az=", 3..3, r#"a value is missing behind =; an empty text is written """#)]
#[case("az= az1", 3..3, r#"a value is missing behind =; an empty text is written """#)]
#[case("az=a,", 5..5, r#"a value is missing behind the comma; an empty text is written """#)]
#[case("az=a , ", 7..7, r#"a value is missing behind the comma; an empty text is written """#)]
#[case("hint.x=", 7..7, r#"a value is missing behind =; an empty text is written """#)]
#[case("az:", 3..3, "a value is missing behind :; write az:text")]
#[case("flavor~", 7..7, "a value is missing behind ~; write flavor~^m1")]
#[case("az~", 3..3, "a value is missing behind ~; write az~^text")]
#[case("vcpus>", 6..6, "a value is missing behind >; write vcpus>8")]
#[case("vcpus>=", 7..7, "a value is missing behind >=; write vcpus>=8")]
#[case("ram!=", 5..5, "a value is missing behind !=; write ram!=8G")]
#[case("version<", 8..8, "a value is missing behind <; write version<1.12")]
#[case("updated>", 8..8, "a value is missing behind >; write updated>30d")]
#[case("updated=", 8..8, "a value is missing behind =; write updated=2026-05-01")]
#[case("bfv=", 4..4, "a value is missing behind =; write bfv=yes")]
#[case("uuid=", 5..5, "a value is missing behind =; write uuid=3f0c9a1e")]
#[case("twin!=", 6..6, "a value is missing behind !=; write twin!=different")]
#[case("twin<>", 6..6, "a value is missing behind <>; write twin<>different")]
#[case("demands==", 9..9, "a value is missing behind ==; write demands==N")]
#[case("mapped=", 7..7, "a value is missing behind =; write mapped=cell1")]
#[case("hint.x>", 7..7, "a value is missing behind >; write hint.x>8")]
#[case("az=az1 vcpus>8 , ram>3", 15..16, r#"the comma stands in no list: write az=az1,az2; to search for the text, put it in quotes: ",""#)]
#[case("a ,b", 2..4, r#"the comma stands in no list: write az=az1,az2; to search for the text, put it in quotes: ",b""#)]
#[case("a | b", 2..3, r#"the bar stands in no list: write az=az1|az2, or a or b; to search for the text, put it in quotes: "|""#)]
#[case("twin=foo", 5..8, r#"twin is never "foo"; it is equal, different or missing"#)]
#[case("twin=missing,Equal", 13..18, r#"twin is never "Equal"; did you mean equal? (it is equal, different or missing)"#)]
#[case("demands=x", 8..9, r#""x" is not what demands can be; its letters are G, H, N, P, F, I, D, V"#)]
#[case("demands=gn", 8..10, r#""gn" is not what demands can be; did you mean GN? (its letters are G, H, N, P, F, I, D, V)"#)]
#[case("demands=N,NG", 10..12, r#""NG" is not what demands can be; did you mean GN? (its letters are G, H, N, P, F, I, D, V)"#)]
#[case("demands=\"\"", 8..10, r#""" is not what demands can be; rows that demand nothing: not demands"#)]
#[case("aztt=az1", 0..4, r#"there is no field "aztt"; did you mean az? (to search for the text, put it in quotes: "aztt=az1")"#)]
#[case("az=(a,b)", 3..3, "a value is missing behind =; a list of values is written without parentheses: az=az1,az2")]
#[case("az=a(b", 4..5, r#"a space is missing before "("; if it is part of the text, put that in quotes"#)]
#[case("az=\"a\"b", 6..7, r#"a space is missing before "b"; if it is part of the text, put that in quotes"#)]
#[case("x az=\"a b", 5..6, "these quotes are not closed")]
#[case("=5", 0..1, "a field is missing before =")]
#[case("vcpus=>5", 5..7, "there is no operator =>; did you mean >=?")]
#[case("vcpus>=eight", 7..12, r#""eight" is not a number, which vcpus is; write 8 or 1.5"#)]
#[case("vcpus>=8G", 7..9, r#""8G" is not a number, which vcpus is; vcpus has no unit"#)]
#[case("vcpus=1,x", 8..9, r#""x" is not a number, which vcpus is; write 8 or 1.5"#)]
#[case("vcpus>1,2", 6..9, r#""1,2" is not a number, which vcpus is; write 8 or 1.5"#)]
#[case("ram>8X", 4..6, r#""8X" is not a size, which ram is; write 512M, 8G or 1.5T"#)]
#[case("version>x", 8..9, r#""x" is not a version, which version is; write numbers with dots: 1.15"#)]
#[case("updated=30d", 8..11, r#""30d" is an age, and no row has exactly that; write updated<30d (younger than that) or updated>30d (longer ago)"#)]
#[case("az>a", 2..3, "az is a text: it is neither less nor more; ask = (is), : (contains) or ~ (matches)")]
#[case("bfv>1", 3..4, "bfv is yes or no: it is neither less nor more; ask = or !=")]
#[case("bfv=maybe", 4..9, r#"bfv is yes or no, not "maybe"; write bfv=yes or bfv=no"#)]
#[case("hint.x>a", 7..8, r#""a" is no number, and only numbers have an order here; write 8, 1.5 or 8G"#)]
#[case("uuid=3f", 5..7, r#""3f" is shorter than 8 characters of a uuid; give more of it, or ask for any part of it: uuid:3f"#)]
#[case("flavor~a(b", 8..9, "not a regular expression: unclosed group")]
#[case("flavor~é[z-a]", 10..11, "not a regular expression: invalid character class range, the start must be <= the end")]
#[case("flavor~\"(\"", 7..10, "not a regular expression: unclosed group")]
#[case("flavor~\\w{1000}{1000}", 7..21, "not a regular expression: it is too large")]
#[case("(a", 0..1, "this parenthesis is not closed")]
#[case("a)", 1..2, "this parenthesis closes none")]
#[case("a ()", 2..4, "there is nothing between these parentheses")]
#[case("(a or)", 5..6, "a test is missing before this parenthesis")]
#[case("a or", 4..4, r#"a test is missing behind "or""#)]
#[case("not", 3..3, r#"a test is missing behind "not""#)]
#[case("and a", 0..3, r#"a test is missing before "and"; to search for the word, put it in quotes"#)]
#[case("\"\"", 0..2, "there is nothing between these quotes")]
#[case("extra.=1", 0..6, "extra. wants a key behind the dot; extra alone stands for all keys")]
#[case("$.=1", 1..2, r#"a path goes on with a key, [0] or [*]; keys that are no plain words stand in quotes: $.flavor.extra_specs."hw:cpu_policy""#)]
#[case("$x=1", 1..1, r#"a path goes on with a key, [0] or [*]; keys that are no plain words stand in quotes: $.flavor.extra_specs."hw:cpu_policy""#)]
#[case("$.a[x]", 3..4, r#"a path goes on with a key, [0] or [*]; keys that are no plain words stand in quotes: $.flavor.extra_specs."hw:cpu_policy""#)]
#[case("x\u{1b}[2J=1", 0..5, r#"there is no field "x\u001b[2J"; to search for the text, put it in quotes: "x\u001b[2J=1""#)]
#[case("uuid=\0\u{202e}x", 5..10, r#""\u0000\u202ex" is shorter than 8 characters of a uuid; give more of it, or ask for any part of it: uuid:\u0000\u202ex"#)]
// The first of two mistakes is told.
#[case("vcpuss=1 az=\"x", 0..6, r#"there is no field "vcpuss"; did you mean vcpus? (to search for the text, put it in quotes: "vcpuss=1")"#)]
fn an_error_points_at_the_place(#[case] text: &str, #[case] at: Range<usize>, #[case] expected: &str) {
    let error = parse(text).expect_err(text);
    assert_eq!(
        (error.at.clone(), error.to_string().as_str()),
        (at, expected),
        "{text}\n{}",
        error.caret(text)
    );
}

#[rstest::rstest]
#[case("2026-13")]
#[case("2026-00")]
#[case("2026-02-29")]
#[case("2026-02-00")]
#[case("2026-2-1")]
#[case("2026-02-01T24")]
#[case("2026-02-01T10:60")]
#[case("2026-02-01T10:00:60")]
#[case("2026-02T10")]
#[case("2026T10")]
#[case("2026-02-01-01")]
#[case("2026-02-01T1:2:3:4")]
#[case("yesterday")]
#[case("30")]
#[case("-3d")]
#[case("99999999999999y")]
#[case("1e400d")]
fn what_is_no_date_is_refused(#[case] date: &str) {
    let error = parse(&format!("updated>{date}")).expect_err(date);
    assert!(error.reason.ends_with("is not a date, which updated is"), "{error}");
}

#[test]
fn numbers_of_any_size_are_read() {
    for (text, expected) in [
        ("vcpus=170141183460469231731687303715884105727", "vcpus=170141183460469231731687303715884105727"),
        ("vcpus=170141183460469231731687303715884105728", "vcpus=1.7014118346046923e38"),
        ("ram=170141183460469231731687303715884105727", "ram=1.78405961588245e44"),
        ("vcpus=1e308", "vcpus=1e308"),
    ] {
        assert_eq!(plain(&parse(text).expect(text).expression), expected);
    }
    assert!(parse("vcpus=1e309").is_err());
    assert!(parse("ram=1e308P").is_err());
}

#[test]
fn depth_length_and_regular_expressions_are_bounded() {
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&nested(64)).is_ok());
    assert_eq!(parse(&nested(65)).expect_err("deep").at, 64..65);
    assert!(parse(&nested(4_000)).is_err());
    assert!(parse(&"not ".repeat(2_000)).is_err());
    assert!(parse(&"a ".repeat(5_000)).is_ok());
    assert_eq!(parse(&"a ".repeat(5_001)).expect_err("long").at, 10_002..10_002);
    assert!(parse(&"az~a ".repeat(16)).is_ok());
    assert!(parse(&"az~a ".repeat(17)).is_err());
    assert!(parse(&format!("$.{}", "a.".repeat(100))).is_err());
    let key = "\u{1}".repeat(700);
    assert_eq!(parse(&format!("a hint.\"{key}\"=1")).expect_err("long").at, 2..709);
    assert!(parse_fields(&format!("hint.\"{key}\"")).is_err());
}

#[test]
fn every_example_of_the_table_is_a_query_about_its_field() {
    for field in FIELDS {
        let query = parse(field.example).unwrap_or_else(|error| panic!("{}: {error}", field.example));
        assert_eq!(query.fields(), [&field.field()], "{}", field.example);
    }
    for family in FAMILIES {
        let query = parse(family.example).unwrap_or_else(|error| panic!("{}: {error}", family.example));
        assert!(query.fields()[0].name.starts_with(&format!("{}.", family.name)), "{}", family.example);
    }
}

#[test]
fn no_name_stands_for_two_fields() {
    let mut names: Vec<&str> =
        FIELDS.iter().flat_map(|field| field.aliases.iter().copied().chain([field.name])).collect();
    let families = FAMILIES.iter().flat_map(|family| family.aliases.iter().copied().chain([family.name]));
    // `image` alone is the image's name; `image.` begins its properties.
    names.extend(families.filter(|name| *name != "image"));
    let many = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), many);
}

#[test]
fn a_name_is_read_back() {
    let families = FAMILIES.iter().flat_map(|family| {
        let keys = [
            "group",
            "hw:cpu_policy",
            "my:key",
            "a b",
            "a,b",
            "x=y",
            "\"q\"",
            "",
            "é\n",
            "a!:b",
            "a:",
            "'",
            "(",
            "a.b[0]",
            "*",
        ];
        keys.map(|key| family.field(key)).into_iter().chain([family.all()])
    });
    let paths = ["$", "$.a[3].\"b c\"[*]", r#"$."nova_object.version""#, r#"$."é\n".x"#];
    let paths = paths.map(|path| Field::at(JsonPath::parse(path).expect(path)));
    let fields: Vec<Field> =
        FIELDS.iter().map(super::super::fields::Named::field).chain(families).chain(paths).collect();
    for field in &fields {
        let read = parse_field(&field.name).unwrap_or_else(|error| panic!("{}: {error}", field.name));
        assert_eq!((&read.name, read.kind, &read.source), (&field.name, field.kind, &field.source));
        let asked = format!("{}!:1", field.name);
        let query = parse(&asked).unwrap_or_else(|error| panic!("{asked}: {error}"));
        assert_eq!((&query.fields()[0].name, &query.fields()[0].source), (&field.name, &field.source));
    }
    let names: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
    let read = parse_fields(&names.join(", ")).expect("a list");
    assert_eq!(read.iter().map(|field| &*field.name).collect::<Vec<_>>(), names);
}

#[rstest::rstest]
#[case("vcpu", Ok("vcpus"))]
#[case(" az ", Ok("az"))]
#[case("extra.my:key", Ok("extra.my:key"))]
#[case("", Err("a field's name is missing here"))]
#[case("az,", Err("a field's name is missing here"))]
#[case("az,flavor", Err("this is more than one field"))]
#[case("az flavor", Err("\"flavor\" is not part of a field's name; fields are given as az,flavor,vcpus"))]
#[case("az=1", Err("there is no field \"az=1\"; docs/query.md lists the fields"))]
#[case("vcpuss", Err("there is no field \"vcpuss\"; did you mean vcpus?"))]
fn a_field_alone(#[case] text: &str, #[case] expected: Result<&str, &str>) {
    let read = parse_field(text).map(|field| field.name.to_string()).map_err(|error| error.to_string());
    assert_eq!(read.as_deref().map_err(String::as_str), expected, "{text}");
}

#[rstest::rstest]
#[case("vcpus", "vcpus", false)]
#[case("-vcpus", "vcpus", true)]
#[case("+updated", "updated", false)]
#[case("updated", "updated", true)]
#[case("updated:asc", "updated", false)]
#[case("created", "created", true)]
#[case("id", "id", false)]
#[case(" vcpus:desc ", "vcpus", true)]
#[case("extra.hw:cpu_policy:desc", "extra.hw:cpu_policy", true)]
#[case("extra.hw:cpu_policy", "extra.hw:cpu_policy", false)]
fn orders_are_read(#[case] text: &str, #[case] name: &str, #[case] descending: bool) {
    let order = parse_order(text).expect(text);
    assert_eq!((&*order.field.name, order.descending), (name, descending));
}

#[test]
fn a_wrong_order_is_pointed_at() {
    assert_eq!(parse_order(" -vcpuss").expect_err("none").at, 2..8);
    assert_eq!(parse_order("vcpuss:desc").expect_err("none").at, 0..6);
    assert_eq!(parse_order("").expect_err("none").at, 0..0);
    let several = parse_order(" -vcpus, -ram").expect_err("two");
    assert_eq!(several.at, 1..13);
    assert_eq!(several.to_string(), "rows are sorted by one field, not by several; write -vcpus");
    assert!(parse_order("extra.\"a,b\"").is_ok());
    assert!(parse_order("vcpuss,ram").expect_err("none").to_string().contains("vcpuss"));
}

#[rstest::rstest]
#[case("3f0c9a1", None)]
#[case("3F0C9A1E", Some("3f0c9a1e"))]
#[case("3f0c9a1e-aa", Some("3f0c9a1e-aa"))]
#[case("3f0c9a1eaa", None)]
#[case("m1.large", None)]
#[case("not 3f0c9a1e", None)]
#[case("uuid=3f0c9a1e", None)]
fn a_lone_beginning_of_a_uuid_is_told_from_words(#[case] text: &str, #[case] expected: Option<&str>) {
    assert_eq!(word_prefix(&parse(text).expect(text)), expected);
}

#[test]
fn a_written_value_is_read_back() {
    for value in [
        "az1", "", "a b", "a,b", "a|b", "\"", "'x'", "\\", "\\\"", "a\\b c", "=x", "~x", "<x", "(", "é\n",
        "not",
    ] {
        let text = format!("az={}", lexer::written_value(value));
        let query = parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(plain(&query.expression), format!("az={value:?}"), "{text}");
    }
}
