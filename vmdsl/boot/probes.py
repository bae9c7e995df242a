"""Guests that show whether a virtual processor works, each of a few instructions.

That of a PC is a boot sector. It does the first things that a kernel does and a BIOS never does:
64-bit mode, page tables, interrupts. After three of the timer it writes `SIGN` to the first serial
port, and makes QEMU exit with a code of its own through the device isa-debug-exit. That of arm64
is started as a kernel is. It writes `SIGN` to the serial port, and switches the machine off.
"""

from __future__ import annotations

from dataclasses import dataclass

from vmdsl.machines import Arch

SIGN = b"vmdsl ok"


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A guest, and how QEMU starts it and ends after it.

    In `options`, `{}` stands for the guest's file.
    """

    guest: bytes
    options: tuple[str, ...]
    exit_code: int


_SIZE = 2**20  # a BIOS reads no smaller disk
_SIGNATURE = b"\x55\xaa"

# Each line is machine code and its meaning, here and below. It is loaded at 7c00.
# Memory: page tables at 1000, 2000 and 3000 (2 MiB, mapped to itself), interrupts at 4000.
_CODE_OF_PC = """
fa            cli
31c0          xor ax, ax
8ed8          mov ds, ax
8ec0          mov es, ax
8ed0          mov ss, ax
66bc007c0000  mov esp, 0x7c00
bf0010        mov di, 0x1000
b90020        mov cx, 0x2000
fc            cld
f3ab          rep stosw
c70600100320  mov word [0x1000], 0x2003
c70600200330  mov word [0x2000], 0x3003
c70600308300  mov word [0x3000], 0x0083
c7060042b47c  mov word [0x4200], tick    ; interrupt 0x20
c70602420800  mov word [0x4202], 8
c7060442008e  mov word [0x4204], 0x8e00
b011          mov al, 0x11               ; the interrupt controller: timer only, from 0x20
e620          out 0x20, al
b020          mov al, 0x20
e621          out 0x21, al
b004          mov al, 4
e621          out 0x21, al
b001          mov al, 1
e621          out 0x21, al
b0fe          mov al, 0xfe
e621          out 0x21, al
b0ff          mov al, 0xff
e6a1          out 0xa1, al
0f20e0        mov eax, cr4               ; physical address extension
0c20          or al, 0x20
0f22e0        mov cr4, eax
66b800100000  mov eax, 0x1000
0f22d8        mov cr3, eax
66b9800000c0  mov ecx, 0xc0000080        ; EFER: long mode
0f32          rdmsr
80cc01        or ah, 1
0f30          wrmsr
0f0116bc7c    lgdt [gdtr]
0f011ec27c    lidt [idtr]
0f20c0        mov eax, cr0               ; paging and protection
660d01000080  or eax, 0x80000001
0f22c0        mov cr0, eax
ea8d7c0800    jmp 8:long
b810000000    long: mov eax, 16
8ed8          mov ds, eax
8ed0          mov ss, eax
31db          xor ebx, ebx
fb            sti
f4            wait: hlt
80fb03        cmp bl, 3
72fa          jb wait
fa            cli
bee07c0000    mov esi, sign
66baf803      mov dx, 0x3f8
ac            next: lodsb
ee            out dx, al
84c0          test al, al
75fa          jnz next
b010          mov al, 0x10
e6f4          out 0xf4, al
f4            hlt
ffc3          tick: inc ebx
b020          mov al, 0x20
e620          out 0x20, al
48cf          iretq
1700c87c0000  gdtr: 24 bytes at gdt
ff0f00400000  idtr: 4096 bytes at 0x4000
0000000000000000  gdt
00000000009a2000  8: 64-bit code
0000000000920000  16: data
"""


# It is loaded anywhere, and the serial port's registers are at 9000000.
_CODE_OF_ARM64 = """
0120a1d2  movz x1, 0x900, lsl 16
20608052  movz w0, 0x301           ; it may send
203000b9  str w0, [x1, 0x30]
02010010  adr x2, sign
40144038  next: ldrb w0, [x2], 1
60000034  cbz w0, off
200000b9  str w0, [x1]
fdffff17  b next
00018052  off: movz w0, 8          ; SYSTEM_OFF
0080b072  movk w0, 0x8400, lsl 16
020000d4  hvc 0
"""


def _code(text: str) -> bytes:
    return b"".join(bytes.fromhex(line.split()[0]) for line in text.strip().splitlines())


def _disk_of_pc() -> bytes:
    sector = (_code(_CODE_OF_PC) + SIGN + b"\0").ljust(510, b"\0") + _SIGNATURE
    return sector.ljust(_SIZE, b"\0")


#: Other machines' KVM is not known well enough to try it.
PROBES = {
    Arch.AMD64: Probe(
        guest=_disk_of_pc(),
        options=(
            *("-drive", "if=virtio,format=raw,readonly=on,file={}"),
            *("-device", "isa-debug-exit,iobase=0xf4,iosize=4"),
        ),
        exit_code=0x10 << 1 | 1,
    ),
    Arch.ARM64: Probe(
        guest=_code(_CODE_OF_ARM64) + SIGN + b"\0",
        options=("-machine", "virt,gic-version=max", "-kernel", "{}"),
        exit_code=0,
    ),
}
