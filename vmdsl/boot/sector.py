"""A disk that shows whether a virtual processor works: 64-bit mode, page tables, interrupts.

Its boot sector does the first things that a kernel does and a BIOS never does. After three timer
interrupts in 64-bit mode it writes `SIGN` to the first serial port, and makes QEMU exit with
`EXIT_CODE` through the device isa-debug-exit.
"""

from __future__ import annotations

SIGN = b"vmdsl ok"
EXIT_CODE = 0x10 << 1 | 1

_SIZE = 2**20  # a BIOS reads no smaller disk
_SIGNATURE = b"\x55\xaa"

# Each line is machine code and its meaning. It is loaded at 7c00.
# Memory: page tables at 1000, 2000 and 3000 (2 MiB, mapped to itself), interrupts at 4000.
_CODE = """
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


def probe_disk() -> bytes:
    """Return the disk's bytes."""
    code = b"".join(bytes.fromhex(line.split()[0]) for line in _CODE.strip().splitlines())
    sector = (code + SIGN + b"\0").ljust(510, b"\0") + _SIGNATURE
    return sector.ljust(_SIZE, b"\0")
