//! The rules of the house that the compiler does not check.

use std::fs;
use std::path::{Path, PathBuf};

fn files_in(folder: &str) -> Vec<(PathBuf, String)> {
  let root = Path::new(env!("CARGO_MANIFEST_DIR"));
  let mut folders = vec![root.join(folder)];
  let mut files = Vec::new();
  while let Some(folder) = folders.pop() {
    for entry in fs::read_dir(folder).expect("a folder of the project") {
      let path = entry.expect("an entry of the folder").path();
      if path.is_dir() {
        folders.push(path);
      } else {
        let text = fs::read_to_string(&path).expect("a text file");
        files.push((path.strip_prefix(root).expect("a path in the project").to_owned(), text));
      }
    }
  }
  assert!(!files.is_empty(), "{folder} has files");
  files
}

fn lines_of_code(text: &str) -> impl Iterator<Item = &str> {
  text.lines().filter(|line| {
    let line = line.trim_start();
    !(line.starts_with("//") || line.starts_with('*') || line.starts_with("/*"))
  })
}

#[test]
fn only_the_binding_knows_napi() {
  for (path, text) in files_in("src") {
    let knows = lines_of_code(&text).any(|line| line.contains("napi"));
    assert!(
      !knows || path.starts_with("src/binding"),
      "{} uses napi",
      path.display()
    );
  }
}

#[test]
fn only_the_binding_uses_the_binding() {
  for (path, text) in files_in("src") {
    let uses = lines_of_code(&text).any(|line| line.contains("crate::binding"));
    assert!(
      !uses || path.starts_with("src/binding"),
      "{} uses the binding",
      path.display()
    );
  }
}

#[test]
fn adapters_never_use_each_other() {
  let names = ["memory", "mongodb", "mysql", "no_op", "postgres", "redis", "sqlite"];
  for (path, text) in files_in("src/adapters") {
    let Some(own) = names.iter().find(|name| {
      let beginning = Path::new("src/adapters").join(name);
      path.starts_with(&beginning) || path == beginning.with_extension("rs")
    }) else {
      continue;
    };
    for other in names.iter().filter(|name| *name != own) {
      let uses = lines_of_code(&text).any(|line| line.contains(&format!("adapters::{other}")));
      assert!(!uses, "{} uses the {other} adapter", path.display());
    }
  }
}

#[test]
fn only_one_file_loads_the_addon() {
  for (path, text) in files_in("ts") {
    let loads = lines_of_code(&text).any(|line| line.contains("/binding\""));
    assert!(
      !loads || path == Path::new("ts/native.ts"),
      "{} loads the addon",
      path.display()
    );
  }
}

#[test]
fn drop_ins_use_the_public_api_only() {
  for (path, text) in files_in("ts/compat") {
    let private =
      lines_of_code(&text).any(|line| line.contains("from \"../../") && !line.contains("from \"../../index\""));
    assert!(!private, "{} uses what is not public", path.display());
  }
}
