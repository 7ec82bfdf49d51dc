//! What a worker process gives up before it reads the first byte of a photo or a video.
//!
//! For photos: files, network, other programs. Landlock where the kernel has it, and a seccomp
//! filter: each refuses on its own. For videos: the network and other processes, in a seccomp
//! filter that holds for ffmpeg, too.

use anyhow::{Context, Result, ensure};
use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus, Scope};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};
use std::collections::BTreeMap;

/// What is refused with `EPERM`: whatever opens, changes or names files, makes sockets, starts
/// programs, reaches into other processes or asks for more rights.
const REFUSED: &[i64] = &[
    // Files.
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_mkdirat,
    libc::SYS_mknodat,
    libc::SYS_unlinkat,
    libc::SYS_linkat,
    libc::SYS_symlinkat,
    libc::SYS_renameat2,
    libc::SYS_truncate,
    libc::SYS_fchmodat,
    libc::SYS_fchownat,
    libc::SYS_utimensat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_chdir,
    libc::SYS_chroot,
    libc::SYS_pivot_root,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_inotify_add_watch,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // Network. What is sent without an address goes to the run: there is no other socket.
    libc::SYS_socket,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_sendmmsg,
    // Other programs and processes.
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_kill,
    // Rights and the kernel.
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_kexec_load,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_msgget,
    libc::SYS_mq_open,
];

/// The older forms, which newer architectures do not have.
#[cfg(target_arch = "x86_64")]
const OLDER: &[i64] = &[
    libc::SYS_open,
    libc::SYS_creat,
    libc::SYS_mkdir,
    libc::SYS_rmdir,
    libc::SYS_mknod,
    libc::SYS_unlink,
    libc::SYS_link,
    libc::SYS_symlink,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
    libc::SYS_fork,
    libc::SYS_vfork,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[i64] = &[libc::SYS_renameat];

/// What a worker for videos, and the ffmpeg that it starts, are refused besides every socket that
/// is not of this machine: reaching into other processes, and what would go round the filter.
const REFUSED_TO_VIDEOS: &[i64] = &[
    libc::SYS_io_uring_setup,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_setns,
    libc::SYS_bpf,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_kexec_load,
];

/// Closes the network for this thread, those that it starts, and their programs, for good.
///
/// # Errors
/// If the kernel lacks it.
pub(super) fn close_network() -> Result<()> {
    // Sockets between processes of this machine stay: drivers of graphics cards have some.
    let is_other = SeccompCondition::new(
        0,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::Ne,
        libc::AF_UNIX as u64,
    )?;
    let all = REFUSED_TO_VIDEOS.iter().map(|call| (*call, Vec::new()));
    let sockets = (libc::SYS_socket, vec![SeccompRule::new(vec![is_other])?]);
    install(all.chain([sockets]).collect())
}

/// Closes this thread, and those that it starts, for good.
///
/// # Errors
/// If the kernel lacks both; what it has is closed all the same.
pub(super) fn close() -> Result<()> {
    let landlock = close_files();
    // Landlock may be missing, the filter refuses the same files.
    close_system_calls().or_else(|e| landlock.map_err(|_| e))
}

fn close_files() -> Result<()> {
    // The newest that is known here; the crate takes what the kernel has of it.
    let abi = ABI::V6;
    let rules = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?;
    let status = rules.create()?.restrict_self()?;
    ensure!(
        status.ruleset != RulesetStatus::NotEnforced,
        "the kernel has no Landlock"
    );
    Ok(())
}

fn close_system_calls() -> Result<()> {
    let all = REFUSED.iter().chain(OLDER);
    install(all.map(|call| (*call, Vec::new())).collect())
}

fn install(refused: BTreeMap<i64, Vec<SeccompRule>>) -> Result<()> {
    let filter = SeccompFilter::new(
        refused,
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM as u32),
        TargetArch::try_from(std::env::consts::ARCH)?,
    )?;
    let program: BpfProgram = filter.try_into()?;
    apply_filter(&program).context("installing a system call filter")
}
