use super::*;
use faceveil::Format;

fn file(path: &Path, name: &str) -> Input {
    Input::new(Source::File(path.to_owned()), name.into())
}

#[test]
fn two_inputs_on_one_path_are_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let list = vec![
        file(&dir.path().join("a/x.jpg"), "x.jpg"),
        file(&dir.path().join("b/x.jpg"), "x.jpg"),
    ];
    let out = Destination::Folder(dir.path().join("out"));
    let error = plan(list.clone(), &out, None, &[])
        .expect_err("refused")
        .to_string();
    assert!(
        error.contains("a/x.jpg") && error.contains("b/x.jpg"),
        "{error}"
    );
    assert!(plan(list.clone(), &Destination::Beside, None, &[]).is_ok());
    let previews = dir.path().join("p");
    assert!(plan(list, &Destination::Nowhere, Some(&previews), &[]).is_err());
}

#[test]
fn a_destination_that_ignores_case_is_asked() {
    let dir = tempfile::tempdir().expect("a folder");
    let list = ["IMG.jpg", "img.JPG", "b.jpg"].map(|n| file(&dir.path().join(n), n));
    let out = Destination::Folder(dir.path().join("out"));
    let plan = |list: &[Input], out: &Destination, ignores: fn(&Path) -> bool| {
        plan_where(
            list.to_vec(),
            (out, None),
            &[],
            NamingOptions::default(),
            ignores,
        )
    };
    assert!(plan(&list, &out, |_| false).is_ok());
    assert!(plan(&list[1..], &out, |_| panic!("no need to ask")).is_ok());
    let error = plan(&list, &out, |_| true)
        .expect_err("refused")
        .to_string();
    assert!(
        error.contains("IMG.jpg") && error.contains("img.JPG") && error.contains("case"),
        "{error}"
    );
    // An input under another spelling.
    let over = Destination::File(dir.path().join("img.jpg"));
    assert!(plan(&list[..1], &over, |_| true).is_err());
    assert!(plan(&list[..1], &over, |_| false).is_ok());
    assert!(plan(&list[..1], &Destination::InPlace, |_| true).is_ok());
}

#[test]
fn an_input_is_never_an_output_of_the_same_run() {
    let dir = tempfile::tempdir().expect("a folder");
    let at = |n: &str| {
        fs::write(dir.path().join(n), "").expect("written");
        file(&dir.path().join(n), n)
    };
    let (a, b) = (at("a.jpg"), at("b.jpg"));
    let here = Destination::Folder(dir.path().join("."));
    assert!(plan(vec![a.clone()], &here, None, &[]).is_err());
    let over_b = Destination::File(dir.path().join("b.jpg"));
    assert!(plan(vec![b.clone()], &over_b, None, &[]).is_err());
    assert!(
        plan(vec![a.clone()], &over_b, None, &[]).is_ok(),
        "exists, reported when it is that file's turn"
    );
    assert!(plan(vec![a.clone(), b.clone()], &Destination::InPlace, None, &[]).is_ok());
    assert!(plan(vec![a.clone(), a.clone()], &Destination::InPlace, None, &[]).is_err());
    let report = dir.path().join("b.jpg");
    assert!(
        plan(
            vec![a, b],
            &Destination::Nowhere,
            None,
            &[("--report", Some(&report))]
        )
        .is_err()
    );
}

#[test]
fn what_a_shell_pattern_brings_back_from_an_earlier_run_is_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let list: Vec<Input> = ["a.jpg", "a_blurred.jpg", "lone_blurred.jpg"]
        .map(|n| {
            fs::write(dir.path().join(n), "").expect("written");
            file(&dir.path().join(n), n)
        })
        .into();
    let planned = plan(list, &Destination::Beside, None, &[]).expect("a plan");
    assert!(
        matches!(&planned[0].target, Target::File { path, .. } if path.ends_with("a_blurred.jpg"))
    );
    assert!(matches!(planned[1].target, Target::OwnOutput(_)));
    assert!(matches!(planned[2].target, Target::File { .. }));
}

#[test]
fn sources_that_would_share_a_new_name_keep_their_old_ending_in_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let list: Vec<Input> = [
        ("x.bmp", "BM".repeat(20)),
        ("x.png", "\u{89}".into()),
        ("y.bmp", "BM".repeat(20)),
    ]
    .map(|(n, content)| {
        fs::write(dir.path().join(n), content).expect("written");
        file(&dir.path().join(n), n)
    })
    .into();
    let names = |format, suffix| {
        let names = NamingOptions { format, suffix };
        let out = Destination::Folder(dir.path().join("out"));
        let planned = plan_as(list.clone(), &out, None, &[], names).expect("a plan");
        planned
            .iter()
            .map(|p| match &p.target {
                Target::File { name, .. } => show::in_report(name),
                other => panic!("{other:?}"),
            })
            .collect::<Vec<_>>()
    };
    let png = Some(Format::Png);
    assert_eq!(names(None, None), ["x.bmp", "x.png", "y.bmp"]);
    assert_eq!(names(png, None), ["x.bmp.png", "x.png", "y.png"]);
    assert_eq!(
        names(png, Some("-a")),
        ["x.bmp-a.png", "x-a.png", "y-a.png"]
    );
}

#[test]
fn a_suffix_that_makes_two_names_one_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let list = ["x.jpg", "x-a.jpg"].map(|n| file(&dir.path().join(n), n));
    let names = NamingOptions {
        suffix: Some("-a"),
        ..NamingOptions::default()
    };
    let into = |folder: &Path| {
        let out = Destination::Folder(folder.to_owned());
        plan_as(list.to_vec(), &out, None, &[], names)
    };
    assert!(into(&dir.path().join("out")).is_ok());
    let error = into(dir.path()).expect_err("refused").to_string();
    assert!(error.contains("over the input"), "{error}");
}
