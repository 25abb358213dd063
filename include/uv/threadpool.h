/* A job of the thread pool, as it is embedded in requests. Private to the library; here for its size. */
#ifndef UV_THREADPOOL_H_
#define UV_THREADPOOL_H_

struct uv__work {
  void (*work)(struct uv__work *w);
  void (*done)(struct uv__work *w, int status);
  struct uv_loop_s *loop;
  struct uv__queue wq;
};

#endif /* UV_THREADPOOL_H_ */
