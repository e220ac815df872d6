// SPDX-License-Identifier: MIT
// What the tests in Vala share.

delegate void SessionBody (Rill.Session session) throws GLib.Error;
delegate void Body () throws GLib.Error;
delegate void Start (owned AsyncReadyCallback callback);
delegate void Finish (AsyncResult result) throws GLib.Error;

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

// Runs the main loop until what was started is finished.
void wait (Start start, Finish finish) throws GLib.Error {
  var loop = new MainLoop ();
  AsyncResult? result = null;
  start ((object, res) => {
    result = res;
    loop.quit ();
  });
  loop.run ();
  finish (result);
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
