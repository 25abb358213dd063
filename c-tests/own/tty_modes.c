/* What the modes of a terminal change, that the first terminal's attributes come back with uv_tty_reset_mode() and with the
 * close of its handle, and that a terminal's last bytes are read when the other side is gone. */
#include "check.h"
#include <pty.h>
#include <termios.h>

static uv_loop_t loop;
static size_t got;
static ssize_t end;

static struct termios attributes(int fd) {
    struct termios t;
    CHECK_EQ(tcgetattr(fd, &t), 0);
    return t;
}

static void on_read(uv_stream_t* stream, ssize_t n, const uv_buf_t* buf) {
    UNUSED(buf);
    if (n >= 0) {
        got += (size_t)n;
    } else {
        end = n;
        uv_close((uv_handle_t*)stream, NULL);
    }
}

int main(void) {
    int master, slave, second;
    uv_tty_t a, b, m;
    struct termios t, found;
    char name[100], bytes[2500];
    watchdog(20);
    if (openpty(&master, &slave, name, NULL, NULL) != 0) SKIP("no pseudoterminal");
    second = open(name, O_RDWR | O_NOCTTY);
    CHECK_GE(second, 0);
    t = attributes(slave);
    t.c_iflag |= BRKINT | ICRNL | INPCK | ISTRIP | IXON | IXANY;
    t.c_lflag |= ECHO | ICANON | IEXTEN | ISIG | ECHONL;
    t.c_oflag = (t.c_oflag | OPOST) & ~(tcflag_t)ONLCR;
    CHECK_EQ(tcsetattr(slave, TCSANOW, &t), 0);
    found = attributes(slave);

    CHECK_OK(uv_loop_init(&loop));
    CHECK_OK(uv_tty_init(&loop, &a, slave, 0));
    CHECK_OK(uv_tty_init(&loop, &b, second, 0));
    CHECK_OK(uv_tty_init(&loop, &m, master, 0));
    CHECK_EQ(m.flags & 0x100000, 0x100000);
    CHECK_EQ(a.flags & 0x100000, 0);
    CHECK_NE(handle_fd(&a), slave);
    /* The descriptor that was given stands for the new one now. */
    CHECK(fcntl(slave, F_GETFL) & O_NONBLOCK);

    CHECK_OK(uv_tty_set_mode(&a, UV_TTY_MODE_RAW_VT));
    t = attributes(slave);
    CHECK_EQ(t.c_iflag, found.c_iflag & ~(tcflag_t)(BRKINT | ICRNL | INPCK | ISTRIP | IXON));
    CHECK_EQ(t.c_oflag, found.c_oflag | ONLCR);
    CHECK_EQ(t.c_lflag, found.c_lflag & ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG));
    CHECK(t.c_cc[VMIN] == 1 && t.c_cc[VTIME] == 0);
    CHECK_EQ(uv_tty_set_mode(&a, (uv_tty_mode_t)9), UV_EINVAL);
    CHECK_OK(uv_tty_set_mode(&a, UV_TTY_MODE_IO));
    t = attributes(slave);
    CHECK_EQ(t.c_oflag & OPOST, 0);
    CHECK_EQ(t.c_lflag & ECHONL, 0);
    CHECK_OK(uv_tty_set_mode(&a, UV_TTY_MODE_NORMAL));
    t = attributes(slave);
    CHECK(t.c_iflag == found.c_iflag && t.c_oflag == found.c_oflag && t.c_lflag == found.c_lflag);

    CHECK_OK(uv_tty_set_mode(&b, UV_TTY_MODE_RAW));
    errno = 77;
    CHECK_EQ(uv_tty_reset_mode(), 0);
    CHECK_EQ(errno, 77);
    CHECK_EQ(attributes(slave).c_lflag, found.c_lflag);

    /* A mode that the handle believes to have is not set again; only the first handle's close puts things back. */
    CHECK_OK(uv_tty_set_mode(&b, UV_TTY_MODE_NORMAL));
    CHECK_OK(uv_tty_set_mode(&b, UV_TTY_MODE_RAW));
    uv_close((uv_handle_t*)&b, NULL);
    CHECK_NE(attributes(slave).c_lflag, found.c_lflag);
    uv_close((uv_handle_t*)&a, NULL);
    CHECK_EQ(attributes(slave).c_lflag, found.c_lflag);
    uv_run(&loop, UV_RUN_NOWAIT);

    t = attributes(slave);
    cfmakeraw(&t);
    CHECK_EQ(tcsetattr(slave, TCSANOW, &t), 0);
    memset(bytes, 'x', sizeof bytes);
    for (int i = 0; i < 4; i++) CHECK_EQ(write(slave, bytes, sizeof bytes), (ssize_t)sizeof bytes);
    close(slave);
    close(second);
    CHECK_OK(uv_read_start((uv_stream_t*)&m, lend_slab, on_read));
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_EQ(got, 4 * sizeof bytes);
    CHECK_EQ(end, UV_EIO);
    finish_loop(&loop);
    return 0;
}
