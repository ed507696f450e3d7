use super::*;

/// A user of the server for one test, and an adapter that connects as that user under the prefix of another.
pub(super) struct User {
  pub(super) name: String,
  pub(super) adapter: RedisAdapter,
}

impl User {
  pub(super) async fn new(owner: &RedisAdapter, rights: &[&str]) -> Self {
    let name = format!("holdfast-{}", uuid::Uuid::new_v4());
    let words = ["ACL", "SETUSER", &name, "on", ">secret"];
    command(owner, &[&words[..], rights].concat()).await;
    let mut settings = settings();
    settings.key_prefix.clone_from(&owner.style.key_prefix);
    settings.credentials = settings::Credentials {
      username: Some(name.clone()),
      password: Some("secret".to_owned()),
    };
    let adapter = RedisAdapter::new(settings).unwrap();
    Self { name, adapter }
  }

  pub(super) async fn remove(self, owner: &RedisAdapter) {
    command(owner, &["ACL", "DELUSER", &self.name]).await;
  }
}

#[tokio::test]
async fn a_user_who_may_not_publish_releases_all_the_same() {
  let stranger = adapter();
  let user = User::new(&stranger, &["~*", "resetchannels", "+@all"]).await;
  let owner = Owner::unique();
  contract::one(&user.adapter, contract::acquire("k", &owner, None)).await;
  assert_eq!(
    contract::one(&user.adapter, release("k", &owner)).await,
    Answer::Released(true)
  );
  contract::one(&user.adapter, contract::acquire("k", &owner, None)).await;
  let key = Key::new("k").unwrap();
  let force = Request::ForceRelease { key: key.clone() };
  assert_eq!(contract::one(&user.adapter, force).await, Answer::Released(true));
  assert_eq!(
    user.adapter.watch(&key).await.err().map(|error| error.kind()),
    Some(ErrorKind::Configuration)
  );
  user.remove(&stranger).await;
}

#[tokio::test]
async fn a_user_without_the_rights_is_told_so() {
  let stranger = adapter();
  let owner = Owner::unique();
  let rights: [&[&str]; 3] = [
    &["~*", "&*", "+@all", "-eval", "-evalsha"],
    &["~other:*", "&*", "+@all"],
    &["~*", "&*", "+@all", "-set"],
  ];
  for rights in rights {
    let user = User::new(&stranger, rights).await;
    let answers = user.adapter.answer(vec![contract::acquire("k", &owner, None)]).await;
    let error = answers[0].as_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration, "{rights:?} {error}");
    assert!(error.to_string().contains("is not allowed"), "{error}");
    user.remove(&stranger).await;
  }
}

#[tokio::test]
async fn a_key_that_a_user_may_not_use_fails_alone() {
  let stranger = adapter();
  let pattern = format!("~*{}*mine*", stranger.style.key_prefix);
  let user = User::new(&stranger, &[&pattern, "&*", "+@all"]).await;
  let owner = Owner::unique();
  let keys = ["mine 1", "yours", "mine 2"];
  let answers = user
    .adapter
    .answer(keys.iter().map(|key| contract::acquire(key, &owner, None)).collect())
    .await;
  assert!(matches!(answers[0], Ok(Answer::Acquired { .. })), "{answers:?}");
  assert_eq!(answers[1].as_ref().unwrap_err().kind(), ErrorKind::Configuration);
  assert!(matches!(answers[2], Ok(Answer::Acquired { .. })), "{answers:?}");
  user.remove(&stranger).await;
}

#[tokio::test]
async fn wrong_credentials_are_told_without_being_repeated() {
  let mut settings = settings();
  settings.credentials = settings::Credentials {
    username: Some("nobody".to_owned()),
    password: Some("secret".to_owned()),
  };
  let adapter = RedisAdapter::new(settings).unwrap();
  let error = adapter.init().await.unwrap_err();
  assert_eq!(error.kind(), ErrorKind::Configuration);
  assert!(!error.to_string().contains("secret"), "{error}");
}
