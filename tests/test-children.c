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
count_cb (gpointer object,
          gpointer data)
{
  (*(guint *) data)++;
}

static guint
count (RillChildren *children)
{
  g_autoptr (GPtrArray) held = rill_children_hold (children);
  guint n = 0;

  rill_children_foreach (children, count_cb, &n);
  g_assert_cmpuint (held->len, ==, n);
  for (guint i = 0; i < held->len; i++)
    rill_children_unhold (children, g_ptr_array_index (held, i));
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

/* The reference that would be the last passes to whoever holds the child, who drops it. */
static void
test_hold (void)
{
  Member member;
  RillChildren children;
  GPtrArray *first, *second;
  gpointer watched;

  rill_children_init (&children, NULL);
  add (&children, &member);
  watched = member.object;
  g_object_add_weak_pointer (watched, &watched);
  first = rill_children_hold (&children);
  second = rill_children_hold (&children);
  g_assert_cmpuint (first->len, ==, 1);

  g_assert_false (rill_children_leave (&children, &member.child));
  g_assert_false (rill_children_leave (&children, &member.child));
  g_object_unref (member.object);
  g_assert_cmpuint (count (&children), ==, 0);
  rill_children_unhold (&children, g_ptr_array_index (first, 0));
  g_assert_nonnull (watched);
  rill_children_unhold (&children, g_ptr_array_index (second, 0));
  g_assert_null (watched);

  g_ptr_array_unref (first);
  g_ptr_array_unref (second);
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
  return g_test_run ();
}
