"""`normcheck digests`: the lock on what the cases ask and on their exact answers, written or checked."""

from __future__ import annotations

import click

from .records import Stop


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; name each case that differs and exit with status 1.")
@click.pass_context
def digests(context: click.Context, check: bool) -> None:
    """Lock the exact answer of every case. What is locked changes only together with the version of the specs."""
    from normcheck.cases.lint import digests as locks
    from normcheck.cases.suite import suite

    old, new = locks.read_lock(locks.PATH), locks.lock_of(suite().cases)
    found = locks.difference(old, new)
    refused = bool(found.changed) and old.version == new.version
    for sentence in locks.sentences(found, old.version) if check or refused else ():
        click.echo(sentence, err=True)
    if refused:
        click.echo("Take the change back, or raise VERSION in specs/__init__.py and run `normcheck digests`.", err=True)
    elif not check:
        renew(locks.text_of(new))
    elif new == old:
        click.echo(f"{len(new.digests)} cases are as version {old.version} of the specs locked them")
    elif new.version != old.version:
        click.echo(f"The lock is of version {old.version or 'none'}; run `normcheck digests`.", err=True)
    context.exit(1 if refused or (check and new != old) else 0)


def renew(text: str) -> None:
    """Writes the lock, and says where."""
    from normcheck.cases.lint.digests import PATH

    try:
        PATH.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise Stop(f"{PATH} cannot be written: {error.strerror or error}.") from None
    click.echo(PATH)
