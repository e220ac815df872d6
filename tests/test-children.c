/* SPDX-License-Identifier: MIT */

/* The list of what an owner closes, without any device. */

#include "core/rill-children-private.h"

#define N 100

typedef struct
{
  GObject *object;
  RillChild child;
  guint closed; /* as the how-manieth; 0: not yet */
} Member;

static guint n_closed;

static void
close_cb (GObject *object)
{
  Member *member = g_object_get_data (object, "member");

  g_assert_cmpuint (member->closed, ==, 0);
  member->closed = ++n_closed;
}

static void
add (RillChildren *children,
     Member       *member)
{
  *member = (Member) { .object = g_object_new (G_TYPE_OBJECT, NULL) };
  g_object_set_data (member->object, "member", member);
  g_assert_true (rill_children_add (children, &member->child, member->object, close_cb));
}

static void
drop (RillChildren *children,
      Member       *member)
{
  g_assert_true (rill_children_leave (children, &member->child));
  g_assert_true (rill_children_leave (children, &member->child)); /* again does nothing */
  g_assert_finalize_object (member->object);
}

static void
count_cb (RillChild *child,
          gpointer   data)
{
  (*(guint *) data)++;
}

static guint
count (RillChildren *children)
{
  g_autoptr (GArray) refs = rill_children_list (children);
  guint n = 0;

  rill_children_foreach (children, count_cb, &n);
  g_assert_cmpuint (refs->len, ==, n);
  for (guint i = 0; i < refs->len; i++)
    {
      RillChild *child = rill_children_hold (children, &g_array_index (refs, RillChildRef, i));
      g_assert_nonnull (child);
      rill_children_unhold (children, child);
    }
  return n;
}

/* Places are used again; whoever is there when it closes is closed once, and nobody else is. */
static void
test_places (gconstpointer shared)
{
  Member members[N];
  RillChildren children;
  GMutex lock;

  g_mutex_init (&lock);
  rill_children_init (&children, shared != NULL ? &lock : NULL);
  for (guint i = 0; i < N; i++)
    add (&children, &members[i]);
  for (guint round = 0; round < 10; round++)
    {
      for (guint i = round % 3; i < N; i += 3)
        drop (&children, &members[i]);
      for (guint i = round % 3; i < N; i += 3)
        add (&children, &members[i]);
      g_assert_cmpuint (count (&children), ==, N);
    }
  g_assert_cmpuint (children.slots->len, ==, N);

  for (guint i = 0; i < N; i += 2)
    g_assert_true (rill_children_leave (&children, &members[i].child));
  g_assert_cmpuint (count (&children), ==, N / 2);
  n_closed = 0;
  rill_children_close (&children);
  g_assert_cmpuint (n_closed, ==, N / 2);
  for (guint i = 0; i < N; i++)
    {
      g_assert_cmpint (members[i].closed != 0, ==, i % 2 != 0);
      drop (&children, &members[i]);
    }
  rill_children_clear (&children);
  g_mutex_clear (&lock);
}

/* What came last may build on what came before, so it goes first; and nothing comes any more. */
static void
test_close (void)
{
  Member members[N];
  Member late = { .object = g_object_new (G_TYPE_OBJECT, NULL) };
  RillChildren children;

  rill_children_init (&children, NULL);
  for (guint i = 0; i < N; i++)
    add (&children, &members[i]);
  n_closed = 0;
  rill_children_close (&children);
  for (guint i = 0; i < N; i++)
    g_assert_cmpuint (members[i].closed, ==, N - i);
  g_assert_false (rill_children_add (&children, &late.child, late.object, close_cb));
  drop (&children, &late);
  for (guint i = 0; i < N; i++)
    drop (&children, &members[i]);
  rill_children_clear (&children);
}

static RillChild *
hold (RillChildren *children,
      Member       *member)
{
  const RillChildRef ref = rill_child_get_ref (&member->child);
  RillChild *child = rill_children_hold (children, &ref);

  g_assert_true (child == &member->child);
  return child;
}

/* Who drops the last reference of what it holds itself drops it when it lets go. */
static void
test_hold (void)
{
  Member member;
  RillChildren children;
  RillChild *first, *second;
  gpointer watched;

  rill_children_init (&children, NULL);
  add (&children, &member);
  watched = member.object;
  g_object_add_weak_pointer (watched, &watched);
  first = hold (&children, &member);
  second = hold (&children, &member);

  g_assert_false (rill_children_leave (&children, &member.child));
  g_assert_false (rill_children_leave (&children, &member.child));
  g_object_unref (member.object);
  g_assert_cmpuint (count (&children), ==, 0);
  rill_children_unhold (&children, first);
  g_assert_nonnull (watched);
  rill_children_unhold (&children, second);
  g_assert_null (watched);
  rill_children_clear (&children);
}

typedef struct
{
  RillChildren children;
  Member member;
  gint left; /* (atomic) */
} Shared;

static gpointer
leave_thread (gpointer data)
{
  Shared *shared = data;

  g_assert_true (rill_children_leave (&shared->children, &shared->member.child));
  g_atomic_int_set (&shared->left, TRUE);
  return NULL;
}

/* Another thread's child waits until it is let go of. */
static void
test_wait (void)
{
  Shared shared = { .left = FALSE };
  RillChildRef ref;
  RillChild *child;
  GThread *thread;

  rill_children_init (&shared.children, NULL);
  add (&shared.children, &shared.member);
  ref = rill_child_get_ref (&shared.member.child);
  child = hold (&shared.children, &shared.member);
  thread = g_thread_new ("leave", leave_thread, &shared);
  g_usleep (20 * 1000);
  g_assert_false (g_atomic_int_get (&shared.left));
  g_assert_null (rill_children_hold (&shared.children, &ref));
  rill_children_unhold (&shared.children, child);
  g_thread_join (thread);
  g_assert_true (g_atomic_int_get (&shared.left));
  drop (&shared.children, &shared.member);
  rill_children_clear (&shared.children);
}

/* A place that is used again is another child's. */
static void
test_gone (void)
{
  Member members[2];
  RillChildRef refs[2];
  RillChildren children;

  rill_children_init (&children, NULL);
  for (guint i = 0; i < 2; i++)
    {
      add (&children, &members[i]);
      refs[i] = rill_child_get_ref (&members[i].child);
      drop (&children, &members[i]);
      g_assert_null (rill_children_hold (&children, &refs[i]));
    }
  g_assert_cmpuint (refs[0].place, ==, refs[1].place);
  add (&children, &members[0]);
  for (guint i = 0; i < 2; i++)
    g_assert_null (rill_children_hold (&children, &refs[i]));
  drop (&children, &members[0]);
  rill_children_clear (&children);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/children/places", NULL, test_places);
  g_test_add_data_func ("/children/places/shared-lock", "shared", test_places);
  g_test_add_func ("/children/close", test_close);
  g_test_add_func ("/children/hold", test_hold);
  g_test_add_func ("/children/wait", test_wait);
  g_test_add_func ("/children/gone", test_gone);
  return g_test_run ();
}
