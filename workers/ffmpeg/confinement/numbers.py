"""Numbers of system calls, from ``asm/unistd_64.h`` of x86-64 and ``asm-generic/unistd.h``."""


def _table(text: str) -> dict[str, int]:
    pairs = (pair.partition("=") for pair in text.split())
    return {name: int(number) for name, _, number in pairs}


NUMBERS = {
    "x86_64": _table(
        """
        ptrace=101 process_vm_readv=310 process_vm_writev=311 process_madvise=440
        process_mrelease=448 kcmp=312 pidfd_open=434 pidfd_getfd=438 pidfd_send_signal=424 tkill=200
        migrate_pages=256 move_pages=279 mount=165 umount2=166 pivot_root=155 chroot=161
        move_mount=429 open_tree=428 mount_setattr=442 fsopen=430 fsconfig=431 fsmount=432
        fspick=433 unshare=272 setns=308 bpf=321 perf_event_open=298 userfaultfd=323 keyctl=250
        add_key=248 request_key=249 init_module=175 finit_module=313 delete_module=176
        kexec_load=246 kexec_file_load=320 reboot=169 swapon=167 swapoff=168 sethostname=170
        setdomainname=171 acct=163 quotactl=179 quotactl_fd=443 settimeofday=164 clock_settime=227
        clock_adjtime=305 adjtimex=159 syslog=103 iopl=172 ioperm=173 personality=135 vhangup=153
        socket=41 socketpair=53 connect=42 bind=49 listen=50 accept=43 accept4=288 sendto=44
        sendmsg=46 sendmmsg=307 memfd_create=319 memfd_secret=447 shmget=29 shmat=30 shmctl=31
        msgget=68 msgsnd=69 msgrcv=70 msgctl=71 semget=64 semop=65 semctl=66 semtimedop=220
        mq_open=240 mq_unlink=241 truncate=76
        symlink=88 symlinkat=266 link=86 linkat=265 mknod=133 mknodat=259
        chmod=90 fchmod=91 fchmodat=268 fchmodat2=452 chown=92 fchown=93 lchown=94 fchownat=260
        utime=132 utimes=235 utimensat=280 futimesat=261 setxattr=188 lsetxattr=189 fsetxattr=190
        removexattr=197 lremovexattr=198 fremovexattr=199 name_to_handle_at=303
        open_by_handle_at=304 fanotify_init=300 fanotify_mark=301 setuid=105 setgid=106 setreuid=113
        setregid=114 setresuid=117 setresgid=119 setgroups=116 setfsuid=122 setfsgid=123 capset=126
        setsid=112 setpgid=109 setpriority=141 ioprio_set=251 fork=57 vfork=58 execveat=322
        clone3=435 openat2=437 io_uring_setup=425 io_uring_enter=426 io_uring_register=427 kill=62
        tgkill=234 rt_sigqueueinfo=129 rt_tgsigqueueinfo=297 clone=56 prlimit64=302
        sched_setscheduler=144 sched_setparam=142 sched_setattr=314 prctl=157 mmap=9 open=2
        openat=257
        """
    ),
    "aarch64": _table(
        """
        ptrace=117 process_vm_readv=270 process_vm_writev=271 process_madvise=440
        process_mrelease=448 kcmp=272 pidfd_open=434 pidfd_getfd=438 pidfd_send_signal=424 tkill=130
        migrate_pages=238 move_pages=239 mount=40 umount2=39 pivot_root=41 chroot=51 move_mount=429
        open_tree=428 mount_setattr=442 fsopen=430 fsconfig=431 fsmount=432 fspick=433 unshare=97
        setns=268 bpf=280 perf_event_open=241 userfaultfd=282 keyctl=219 add_key=217 request_key=218
        init_module=105 finit_module=273 delete_module=106 kexec_load=104 kexec_file_load=294
        reboot=142 swapon=224 swapoff=225 sethostname=161 setdomainname=162 acct=89 quotactl=60
        quotactl_fd=443 settimeofday=170 clock_settime=112 clock_adjtime=266 adjtimex=171 syslog=116
        personality=92 vhangup=58 socket=198 socketpair=199 connect=203 bind=200 listen=201
        accept=202 accept4=242 sendto=206 sendmsg=211 sendmmsg=269 memfd_create=279 memfd_secret=447
        shmget=194 shmat=196 shmctl=195 msgget=186 msgsnd=189 msgrcv=188 msgctl=187 semget=190
        semop=193 semctl=191 semtimedop=192 mq_open=180 mq_unlink=181 truncate=45
        symlinkat=36 linkat=37
        mknodat=33 fchmod=52 fchmodat=53 fchmodat2=452 fchown=55 fchownat=54 utimensat=88 setxattr=5
        lsetxattr=6 fsetxattr=7 removexattr=14 lremovexattr=15 fremovexattr=16 name_to_handle_at=264
        open_by_handle_at=265 fanotify_init=262 fanotify_mark=263 setuid=146 setgid=144 setreuid=145
        setregid=143 setresuid=147 setresgid=149 setgroups=159 setfsuid=151 setfsgid=152 capset=91
        setsid=157 setpgid=154 setpriority=140 ioprio_set=30 execveat=281 clone3=435 openat2=437
        io_uring_setup=425 io_uring_enter=426 io_uring_register=427 kill=129 tgkill=131
        rt_sigqueueinfo=138 rt_tgsigqueueinfo=240 clone=220 prlimit64=261 sched_setscheduler=119
        sched_setparam=118 sched_setattr=274 prctl=167 mmap=222 openat=56
        """
    ),
}
