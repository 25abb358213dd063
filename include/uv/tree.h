/* Red-black trees with links inside the elements: the RB_* macros that BSD's <sys/tree.h> made common.
 *
 * An element has a field of type RB_ENTRY(type); a tree is a struct made by RB_HEAD(name, type). RB_GENERATE(name,
 * type, field, cmp) defines the functions behind RB_INSERT and the rest; `cmp(a, b)` is negative, zero or positive.
 * RB_PROTOTYPE declares them. Nothing is allocated, and nothing is safe against use from several threads. */
#ifndef UV_TREE_H_
#define UV_TREE_H_

#ifndef UV__UNUSED
# ifdef __GNUC__
#  define UV__UNUSED __attribute__((unused))
# else
#  define UV__UNUSED
# endif
#endif

#define RB_BLACK 0
#define RB_RED 1

/* The tree, and an element's place in it. */
#define RB_HEAD(name, type) \
  struct name { \
    struct type *rbh_root; \
  }
#define RB_ENTRY(type) \
  struct { \
    struct type *rbe_left; \
    struct type *rbe_right; \
    struct type *rbe_parent; \
    int rbe_color; \
  }

#define RB_INITIALIZER(root) { NULL }
#define RB_INIT(root) do { (root)->rbh_root = NULL; } while (0)
#define RB_ROOT(head) (head)->rbh_root
#define RB_EMPTY(head) (RB_ROOT(head) == NULL)

#define RB_LEFT(elm, field) (elm)->field.rbe_left
#define RB_RIGHT(elm, field) (elm)->field.rbe_right
#define RB_PARENT(elm, field) (elm)->field.rbe_parent
#define RB_COLOR(elm, field) (elm)->field.rbe_color

/* Makes `elm` a red leaf below `parent`. */
#define RB_SET(elm, parent, field) \
  do { \
    RB_PARENT(elm, field) = parent; \
    RB_LEFT(elm, field) = RB_RIGHT(elm, field) = NULL; \
    RB_COLOR(elm, field) = RB_RED; \
  } while (0)

#define RB_SET_BLACKRED(black, red, field) \
  do { \
    RB_COLOR(black, field) = RB_BLACK; \
    RB_COLOR(red, field) = RB_RED; \
  } while (0)

/* Define it before including this file to keep data about an element's subtree: it is called, from below, for each
 * element whose subtree has changed. */
#ifndef RB_AUGMENT
# define RB_AUGMENT(x) do {} while (0)
#endif

/* Puts `new_elm`, which may be NULL, where `old_elm` hangs. */
#define RB__REPLACE(head, old_elm, new_elm, field) \
  do { \
    if (RB_PARENT(old_elm, field) == NULL) \
      RB_ROOT(head) = (new_elm); \
    else if (RB_LEFT(RB_PARENT(old_elm, field), field) == (old_elm)) \
      RB_LEFT(RB_PARENT(old_elm, field), field) = (new_elm); \
    else \
      RB_RIGHT(RB_PARENT(old_elm, field), field) = (new_elm); \
    if ((new_elm) != NULL) \
      RB_PARENT(new_elm, field) = RB_PARENT(old_elm, field); \
  } while (0)

/* Lets `elm` sink to one side; `tmp`, its child on the other, takes its place. */
#define RB__ROTATE(head, elm, tmp, field, SIDE, OTHER) \
  do { \
    (tmp) = RB_##OTHER(elm, field); \
    RB_##OTHER(elm, field) = RB_##SIDE(tmp, field); \
    if (RB_##SIDE(tmp, field) != NULL) \
      RB_PARENT(RB_##SIDE(tmp, field), field) = (elm); \
    RB__REPLACE(head, elm, tmp, field); \
    RB_##SIDE(tmp, field) = (elm); \
    RB_PARENT(elm, field) = (tmp); \
    RB_AUGMENT(elm); \
    RB_AUGMENT(tmp); \
    if (RB_PARENT(tmp, field) != NULL) \
      RB_AUGMENT(RB_PARENT(tmp, field)); \
  } while (0)
#define RB_ROTATE_LEFT(head, elm, tmp, field) RB__ROTATE(head, elm, tmp, field, LEFT, RIGHT)
#define RB_ROTATE_RIGHT(head, elm, tmp, field) RB__ROTATE(head, elm, tmp, field, RIGHT, LEFT)

#define RB__IS_RED(elm, field) ((elm) != NULL && RB_COLOR(elm, field) == RB_RED)

/* The red `elm` hangs below its red `parent`, which is the SIDE child of `grand` and has no red sibling: two rotations
 * at most, and no two reds meet. */
#define RB__INSERT_END(head, elm, parent, grand, tmp, field, SIDE, OTHER) \
  do { \
    if ((elm) == RB_##OTHER(parent, field)) { \
      RB_ROTATE_##SIDE(head, parent, tmp, field); \
      (parent) = (tmp); \
    } \
    RB_SET_BLACKRED(parent, grand, field); \
    RB_ROTATE_##OTHER(head, grand, tmp, field); \
  } while (0)

/* The paths through `elm`, the SIDE child of `parent`, lack a black. Either they get it from the sibling's side, and
 * `elm` becomes the root, which ends the search; or the sibling's paths lose one too, and `elm` and `parent` move up. */
#define RB__REMOVE_STEP(head, elm, parent, sibling, tmp, field, SIDE, OTHER) \
  do { \
    (sibling) = RB_##OTHER(parent, field); \
    if (RB_COLOR(sibling, field) == RB_RED) { \
      RB_SET_BLACKRED(sibling, parent, field); \
      RB_ROTATE_##SIDE(head, parent, tmp, field); \
      (sibling) = RB_##OTHER(parent, field); \
    } \
    if (!RB__IS_RED(RB_LEFT(sibling, field), field) && !RB__IS_RED(RB_RIGHT(sibling, field), field)) { \
      RB_COLOR(sibling, field) = RB_RED; \
      (elm) = (parent); \
      (parent) = RB_PARENT(elm, field); \
      break; \
    } \
    if (!RB__IS_RED(RB_##OTHER(sibling, field), field)) { \
      RB_SET_BLACKRED(RB_##SIDE(sibling, field), sibling, field); \
      RB_ROTATE_##OTHER(head, sibling, tmp, field); \
      (sibling) = RB_##OTHER(parent, field); \
    } \
    RB_COLOR(sibling, field) = RB_COLOR(parent, field); \
    RB_COLOR(parent, field) = RB_BLACK; \
    RB_COLOR(RB_##OTHER(sibling, field), field) = RB_BLACK; \
    RB_ROTATE_##SIDE(head, parent, tmp, field); \
    (elm) = RB_ROOT(head); \
  } while (0)

#define RB_PROTOTYPE(name, type, field, cmp) RB_PROTOTYPE_INTERNAL(name, type, field, cmp, )
#define RB_PROTOTYPE_STATIC(name, type, field, cmp) RB_PROTOTYPE_INTERNAL(name, type, field, cmp, UV__UNUSED static)
#define RB_PROTOTYPE_INTERNAL(name, type, field, cmp, attr) \
  attr void name##_RB_INSERT_COLOR(struct name *, struct type *); \
  attr void name##_RB_REMOVE_COLOR(struct name *, struct type *, struct type *); \
  attr struct type *name##_RB_REMOVE(struct name *, struct type *); \
  attr struct type *name##_RB_INSERT(struct name *, struct type *); \
  attr struct type *name##_RB_FIND(struct name *, struct type *); \
  attr struct type *name##_RB_NFIND(struct name *, struct type *); \
  attr struct type *name##_RB_NEXT(struct type *); \
  attr struct type *name##_RB_PREV(struct type *); \
  attr struct type *name##_RB_MINMAX(struct name *, int);

#define RB_GENERATE(name, type, field, cmp) RB_GENERATE_INTERNAL(name, type, field, cmp, )
#define RB_GENERATE_STATIC(name, type, field, cmp) RB_GENERATE_INTERNAL(name, type, field, cmp, UV__UNUSED static)
#define RB_GENERATE_INTERNAL(name, type, field, cmp, attr) \
  RB__GENERATE_COLOR(name, type, field, attr) \
  RB__GENERATE_CHANGE(name, type, field, cmp, attr) \
  RB__GENERATE_FIND(name, type, field, cmp, attr) \
  RB__GENERATE_STEP(name, type, field, RB_NEXT, LEFT, RIGHT, attr) \
  RB__GENERATE_STEP(name, type, field, RB_PREV, RIGHT, LEFT, attr)

/* What restores the colours after a change. */
#define RB__GENERATE_COLOR(name, type, field, attr) \
  attr void name##_RB_INSERT_COLOR(struct name *head, struct type *elm) { \
    struct type *parent; \
    struct type *grand; \
    struct type *uncle; \
    struct type *tmp; \
    while ((parent = RB_PARENT(elm, field)) != NULL && RB_COLOR(parent, field) == RB_RED) { \
      grand = RB_PARENT(parent, field); \
      uncle = parent == RB_LEFT(grand, field) ? RB_RIGHT(grand, field) : RB_LEFT(grand, field); \
      if (RB__IS_RED(uncle, field)) { \
        RB_COLOR(uncle, field) = RB_BLACK; \
        RB_SET_BLACKRED(parent, grand, field); \
        elm = grand; \
      } else if (parent == RB_LEFT(grand, field)) { \
        RB__INSERT_END(head, elm, parent, grand, tmp, field, LEFT, RIGHT); \
        break; \
      } else { \
        RB__INSERT_END(head, elm, parent, grand, tmp, field, RIGHT, LEFT); \
        break; \
      } \
    } \
    RB_COLOR(RB_ROOT(head), field) = RB_BLACK; \
  } \
  attr void name##_RB_REMOVE_COLOR(struct name *head, struct type *parent, struct type *elm) { \
    struct type *sibling; \
    struct type *tmp; \
    while (elm != RB_ROOT(head) && !RB__IS_RED(elm, field)) { \
      if (elm == RB_LEFT(parent, field)) \
        RB__REMOVE_STEP(head, elm, parent, sibling, tmp, field, LEFT, RIGHT); \
      else \
        RB__REMOVE_STEP(head, elm, parent, sibling, tmp, field, RIGHT, LEFT); \
    } \
    if (elm != NULL) \
      RB_COLOR(elm, field) = RB_BLACK; \
  }

/* RB_INSERT gives NULL, or the equal element that was there, which stays. RB_REMOVE gives what it removed. */
#define RB__GENERATE_CHANGE(name, type, field, cmp, attr) \
  attr struct type *name##_RB_INSERT(struct name *head, struct type *elm) { \
    struct type **link = &RB_ROOT(head); \
    struct type *parent = NULL; \
    struct type *above; \
    while (*link != NULL) { \
      int order = cmp(elm, *link); \
      if (order == 0) \
        return *link; \
      parent = *link; \
      link = order < 0 ? &RB_LEFT(parent, field) : &RB_RIGHT(parent, field); \
    } \
    RB_SET(elm, parent, field); \
    *link = elm; \
    for (above = elm; above != NULL; above = RB_PARENT(above, field)) \
      RB_AUGMENT(above); \
    name##_RB_INSERT_COLOR(head, elm); \
    return NULL; \
  } \
  attr struct type *name##_RB_REMOVE(struct name *head, struct type *elm) { \
    struct type *heir = elm; /* what leaves its place */ \
    struct type *child; \
    struct type *parent; \
    struct type *above; \
    int color; \
    if (RB_LEFT(elm, field) != NULL && RB_RIGHT(elm, field) != NULL) \
      for (heir = RB_RIGHT(elm, field); RB_LEFT(heir, field) != NULL; heir = RB_LEFT(heir, field)) \
        continue; \
    child = RB_LEFT(heir, field) != NULL ? RB_LEFT(heir, field) : RB_RIGHT(heir, field); \
    parent = RB_PARENT(heir, field); \
    color = RB_COLOR(heir, field); \
    RB__REPLACE(head, heir, child, field); \
    if (heir != elm) { \
      if (parent == elm) \
        parent = heir; \
      RB__REPLACE(head, elm, heir, field); \
      RB_LEFT(heir, field) = RB_LEFT(elm, field); \
      RB_RIGHT(heir, field) = RB_RIGHT(elm, field); \
      RB_COLOR(heir, field) = RB_COLOR(elm, field); \
      RB_PARENT(RB_LEFT(heir, field), field) = heir; \
      if (RB_RIGHT(heir, field) != NULL) \
        RB_PARENT(RB_RIGHT(heir, field), field) = heir; \
    } \
    for (above = parent; above != NULL; above = RB_PARENT(above, field)) \
      RB_AUGMENT(above); \
    if (color == RB_BLACK) \
      name##_RB_REMOVE_COLOR(head, parent, child); \
    return elm; \
  }

/* RB_FIND gives the element equal to `elm`, RB_NFIND that or the next above it, RB_MIN and RB_MAX the ends; or NULL. */
#define RB__GENERATE_FIND(name, type, field, cmp, attr) \
  attr struct type *name##_RB_NFIND(struct name *head, struct type *elm) { \
    struct type *at = RB_ROOT(head); \
    struct type *above = NULL; \
    while (at != NULL) { \
      int order = cmp(elm, at); \
      if (order == 0) \
        return at; \
      if (order < 0) \
        above = at; \
      at = order < 0 ? RB_LEFT(at, field) : RB_RIGHT(at, field); \
    } \
    return above; \
  } \
  attr struct type *name##_RB_FIND(struct name *head, struct type *elm) { \
    struct type *at = RB_ROOT(head); \
    int order; \
    while (at != NULL && (order = cmp(elm, at)) != 0) \
      at = order < 0 ? RB_LEFT(at, field) : RB_RIGHT(at, field); \
    return at; \
  } \
  attr struct type *name##_RB_MINMAX(struct name *head, int end) { \
    struct type *at = RB_ROOT(head); \
    struct type *next = at; \
    while (next != NULL) { \
      at = next; \
      next = end < 0 ? RB_LEFT(at, field) : RB_RIGHT(at, field); \
    } \
    return at; \
  }

/* The neighbour on the OTHER side, or NULL. */
#define RB__GENERATE_STEP(name, type, field, verb, SIDE, OTHER, attr) \
  attr struct type *name##_##verb(struct type *elm) { \
    struct type *from; \
    if (RB_##OTHER(elm, field) != NULL) { \
      elm = RB_##OTHER(elm, field); \
      while (RB_##SIDE(elm, field) != NULL) \
        elm = RB_##SIDE(elm, field); \
      return elm; \
    } \
    do { \
      from = elm; \
      elm = RB_PARENT(elm, field); \
    } while (elm != NULL && from == RB_##OTHER(elm, field)); \
    return elm; \
  }

#define RB_NEGINF -1
#define RB_INF 1

#define RB_INSERT(name, x, y) name##_RB_INSERT(x, y)
#define RB_REMOVE(name, x, y) name##_RB_REMOVE(x, y)
#define RB_FIND(name, x, y) name##_RB_FIND(x, y)
#define RB_NFIND(name, x, y) name##_RB_NFIND(x, y)
#define RB_NEXT(name, x) name##_RB_NEXT(x)
#define RB_PREV(name, x) name##_RB_PREV(x)
#define RB_MIN(name, x) name##_RB_MINMAX(x, RB_NEGINF)
#define RB_MAX(name, x) name##_RB_MINMAX(x, RB_INF)

/* Loops over a tree. The FROM and SAFE ones hold the next element in `y`, so that `x` may be removed. */
#define RB_FOREACH(x, name, head) \
  for ((x) = RB_MIN(name, head); (x) != NULL; (x) = name##_RB_NEXT(x))
#define RB_FOREACH_FROM(x, name, y) \
  for ((x) = (y); (x) != NULL && ((y) = name##_RB_NEXT(x), 1); (x) = (y))
#define RB_FOREACH_SAFE(x, name, head, y) \
  for ((x) = RB_MIN(name, head); (x) != NULL && ((y) = name##_RB_NEXT(x), 1); (x) = (y))
#define RB_FOREACH_REVERSE(x, name, head) \
  for ((x) = RB_MAX(name, head); (x) != NULL; (x) = name##_RB_PREV(x))
#define RB_FOREACH_REVERSE_FROM(x, name, y) \
  for ((x) = (y); (x) != NULL && ((y) = name##_RB_PREV(x), 1); (x) = (y))
#define RB_FOREACH_REVERSE_SAFE(x, name, head, y) \
  for ((x) = RB_MAX(name, head); (x) != NULL && ((y) = name##_RB_PREV(x), 1); (x) = (y))

#endif /* UV_TREE_H_ */
