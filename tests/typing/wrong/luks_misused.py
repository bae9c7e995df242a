# header: table


@step
def cipher() -> Swap:
    return mkswap(mkluks(mkpart(table(), size=MiB(64)), Secret.from_text("x"), options=("--cipher=serpent-xts-plain64",)))  # E: cryptsetup may not be given --cipher here


@step
def function() -> Swap:
    return mkswap(mkluks(mkpart(table(), size=MiB(64)), Secret.from_text("x"), kdf="argon2"))  # M: Argument "kdf" to "mkluks" has incompatible type  # e: argon2


@step
def function_among_options() -> Swap:
    return mkswap(mkluks(mkpart(table(), size=MiB(64)), Secret.from_text("x"), options=("--pbkdf", "pbkdf2")))  # E: cryptsetup may not be given --pbkdf here


@step
def misspelt() -> Swap:
    return mkswap(mkluks(mkpart(table(), size=MiB(64)), Secret.from_text("x"), options=("--itertime=9",)))  # E: cryptsetup has no option --itertime


@step
def many() -> Swap:
    return mkswap(mkluks(mkpart(table(), size=MiB(64)), *[Secret.from_text("x")] * 33))  # E: 33 keys for an encrypted device


@step
def ciphered() -> Swap:
    return mkswap(mkluks(mkpart(table(), size=MiB(64)), Secret.from_text("x"), options=("--ciper=aes",)))  # E: cryptsetup has no option --ciper
