/* uv/tree.h: random insertions and removals keep the order and the colours, and RB_AUGMENT sees every change. */
#include <stdio.h>
#include <stdlib.h>

struct node;
static void count_below(struct node *n);
#define RB_AUGMENT(x) count_below(x)
#include "uv/tree.h"

struct node {
  RB_ENTRY(node) link;
  int key;
  int below;
};
RB_HEAD(tree, node);

static int compare(const struct node *a, const struct node *b) { return (a->key > b->key) - (a->key < b->key); }

RB_PROTOTYPE_STATIC(tree, node, link, compare)
RB_GENERATE_STATIC(tree, node, link, compare)

#define CHECK(x) do { if (!(x)) { printf("line %d: %s\n", __LINE__, #x); exit(1); } } while (0)

static void count_below(struct node *n) {
  n->below = 1;
  if (RB_LEFT(n, link) != NULL) n->below += RB_LEFT(n, link)->below;
  if (RB_RIGHT(n, link) != NULL) n->below += RB_RIGHT(n, link)->below;
}

/* How many blacks lie on the paths below `n`. */
static int black_height(struct node *n, struct node *parent, int *count) {
  int left, right;
  if (n == NULL) return 1;
  *count += 1;
  CHECK(RB_PARENT(n, link) == parent);
  CHECK(RB_COLOR(n, link) == RB_BLACK || (parent != NULL && RB_COLOR(parent, link) == RB_BLACK));
  left = black_height(RB_LEFT(n, link), n, count);
  right = black_height(RB_RIGHT(n, link), n, count);
  CHECK(left == right);
  return left + (RB_COLOR(n, link) == RB_BLACK);
}

#define N 512
static struct node nodes[N];
static char in[N];

int main(void) {
  struct tree tree = RB_INITIALIZER(&tree);
  struct node *n;
  struct node *next;
  struct node probe;
  int step, i, total = 0;
  srand(1);
  CHECK(RB_EMPTY(&tree) && RB_MIN(tree, &tree) == NULL && RB_MAX(tree, &tree) == NULL);
  for (i = 0; i < N; i++) nodes[i].key = 2 * i;
  for (step = 0; step < 20000; step++) {
    int count = 0, at = -1;
    i = rand() % N;
    probe.key = 2 * i;
    CHECK(RB_FIND(tree, &tree, &probe) == (in[i] ? &nodes[i] : NULL));
    if (!in[i]) {
      CHECK(RB_INSERT(tree, &tree, &nodes[i]) == NULL);
    } else if (step % 3 == 0) {
      CHECK(RB_INSERT(tree, &tree, &probe) == &nodes[i]);
      continue;
    } else {
      CHECK(RB_REMOVE(tree, &tree, &nodes[i]) == &nodes[i]);
    }
    in[i] = !in[i];
    total += in[i] ? 1 : -1;
    black_height(RB_ROOT(&tree), NULL, &count);
    CHECK(count == total);
    CHECK(total == 0 || RB_ROOT(&tree)->below == total);
    probe.key = 2 * i - 1;
    while (i < N && !in[i]) i++;
    CHECK(RB_NFIND(tree, &tree, &probe) == (i < N ? &nodes[i] : NULL));
    if (step % 64 != 0) continue;
    RB_FOREACH(n, tree, &tree) {
      CHECK(n->key > at);
      at = n->key;
      count--;
    }
    CHECK(count == 0);
    RB_FOREACH_REVERSE(n, tree, &tree) {
      CHECK(n->key <= at);
      at = n->key;
      count++;
    }
    CHECK(count == total);
  }
  printf("%d left, from %d to %d\n", total, RB_MIN(tree, &tree)->key, RB_MAX(tree, &tree)->key);
  n = RB_ROOT(&tree);
  RB_FOREACH_FROM(next, tree, n) total--;
  RB_FOREACH_REVERSE_SAFE(n, tree, &tree, next) RB_REMOVE(tree, &tree, n);
  printf("%d before the root; %s\n", total, RB_EMPTY(&tree) ? "empty" : "not empty");
  return 0;
}
