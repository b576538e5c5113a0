"""Runs a program in a terminal of its own, as a shell with job control does.

    terminal.py COLUMNS terminal|nothing PROGRAM [ARGUMENT...]

"terminal" or "nothing" is what the program's standard input is. Takes JSON lines: {"type": TEXT}, {"resize": COLUMNS},
{"resume": true} (as `fg`), {"hangUp": true}. Tells JSON lines: {"out": TEXT}, {"stopped": true},
{"exit": STATUS, "settingsKept": BOOL} (128 and the signal's number after a signal).
"""

import codecs, fcntl, json, os, pty, select, signal, struct, sys, termios

columns, stdin = int(sys.argv[1]), sys.argv[2]
program = sys.argv[3:]


def tell(fd, **message):
    os.write(fd, (json.dumps(message) + "\n").encode())


def foreground(group):
    # Whoever is in the background would be stopped for this.
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        os.tcsetpgrp(2, group)
    except OSError:
        pass  # The terminal is gone.


def settings():
    try:
        return termios.tcgetattr(2)
    except (OSError, termios.error):
        return None


def shell(report, commands):
    """Leads the terminal's session: a program that does so itself could not be stopped by Control-Z."""
    for ignored in (signal.SIGINT, signal.SIGTSTP):
        signal.signal(ignored, signal.SIG_IGN)
    before = settings()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        foreground(os.getpgid(0))
        for default in (signal.SIGHUP, signal.SIGINT, signal.SIGTSTP, signal.SIGTTOU):
            signal.signal(default, signal.SIG_DFL)
        if stdin == "nothing":
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.execvp(program[0], program)
    # The system tells only the session's leader of a closed window, and shells pass it on.
    signal.signal(signal.SIGHUP, lambda *_: os.killpg(child, signal.SIGHUP))
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            break
        foreground(os.getpgid(0))
        tell(report, stopped=True)
        os.read(commands, 1)
        foreground(child)
        os.kill(child, signal.SIGCONT)
    foreground(os.getpgid(0))
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
    tell(report, exit=code, settingsKept=settings() == before)
    os._exit(0)


reported, report = os.pipe()
commands, command = os.pipe()
leader, master = pty.fork()
if leader == 0:
    os.set_inheritable(report, False)
    fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    shell(report, commands)

os.close(report)
decoder = codecs.getincrementaldecoder("utf-8")("replace")
waiting = {0, reported, master}
pending = b""
while reported in waiting:
    ready, _, _ = select.select(waiting, [], [])
    # What the program wrote comes before the news that it has ended.
    if master in ready:
        try:
            data = os.read(master, 65536)
        except OSError:
            data = b""
        if data:
            tell(1, out=decoder.decode(data))
        else:
            waiting.discard(master)
        continue
    if reported in ready:
        data = os.read(reported, 65536)
        os.write(1, data)
        if not data:
            waiting.discard(reported)
    if 0 in ready:
        data = os.read(0, 65536)
        if not data:
            waiting.discard(0)
        pending += data
        *lines, pending = pending.split(b"\n")
        for line in map(json.loads, lines):
            if "type" in line:
                os.write(master, line["type"].encode())
            if "resize" in line:
                fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, line["resize"], 0, 0))
            if "resume" in line:
                os.write(command, b"1")
            if "hangUp" in line:
                waiting.discard(master)
                os.close(master)
os.waitpid(leader, 0)
