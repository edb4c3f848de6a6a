"""So many of something, as people say it. Pure, and cheap to import."""


def counted(number: int, one: str, many: str = "") -> str:
    """`many` is what stands for `one` of any other number: its plural, where an s doesn't make it. Both may be as long
    as the words that agree with the number.

    >>> counted(1, "task"), counted(0, "task"), counted(1200, "entry", "entries")
    ('1 task', '0 tasks', '1,200 entries')
    >>> counted(1, "task is stopping", "tasks are stopping")
    '1 task is stopping'
    """
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
