"""Messages that end with a newline, cut from a stream."""


def split_lines(data: bytes, longest: int) -> tuple[list[bytes], bytes]:
    """Whole lines without their newline, and the rest. A line of over `longest` bytes is damage and is left out.

    Of a line that is too long already, one byte more than `longest` is kept: enough to leave it out when it ends.
    """
    *lines, rest = data.split(b"\n")
    return [line for line in lines if len(line) <= longest], rest[-longest - 1 :]
