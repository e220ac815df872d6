// SPDX-License-Identifier: MIT
// What the tests in Vala share.

delegate void SessionBody (Rill.Session session) throws GLib.Error;
delegate void Body () throws GLib.Error;

// A test gets a session with validation, whose every message fails it.
class SessionTest {
  static GenericArray<SessionTest> all;
  SessionBody body;
  string[] messages = {};

  public static void add (string path, owned SessionBody body) {
    var test = new SessionTest ();
    test.body = (owned) body;
    if (all == null)
      all = new GenericArray<SessionTest> ();
    all.add (test);
    Test.add_data_func (path, test.run);
  }

  void run () {
    try {
      var session = new Rill.Session (null, Rill.SessionFlags.VALIDATION);
      session.validation_message.connect ((severity, id, text) => messages += id + ": " + text);
      body (session);
      session.close ();
      iterate ();
    } catch (GLib.Error error) {
      GLib.error ("%s %d: %s", error.domain.to_string (), error.code, error.message);
    }
    if (messages.length > 0)
      GLib.error ("%s", string.joinv ("\n", messages));
  }
}

// Runs what is pending in the main context.
void iterate () {
  while (MainContext.default ().pending ())
    MainContext.default ().iteration (false);
}

void expect (Quark domain, int code, Body body) {
  try {
    body ();
  } catch (GLib.Error error) {
    if (!error.matches (domain, code))
      GLib.error ("another error: %s %d: %s", error.domain.to_string (), error.code, error.message);
    assert (error.message.length > 10);
    return;
  }
  GLib.error ("no error");
}

void expect_io (int code, Body body) {
  expect (IOError.quark (), code, body);
}

AsyncResult? completed = null;

// The callback of an asynchronous call. It has no target, because valac would never free that.
void complete (Object? source, AsyncResult result) {
  completed = result;
}

// Runs the main context until the call is complete.
AsyncResult wait_complete () {
  while (completed == null)
    MainContext.default ().iteration (true);
  return (owned) completed;
}

Cancellable cancelled () {
  var cancellable = new Cancellable ();
  cancellable.cancel ();
  return cancellable;
}

Bytes bytes_of (uint8[] data) {
  return new Bytes (data);
}

void assert_data (Bytes bytes, uint8[] expected) {
  assert_cmpmem (bytes.get_data (), expected);
}
