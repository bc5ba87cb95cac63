/** Permission bits of blobs: nobody writes to one, and everybody reads it, as far as the process's umask lets them. */
export function blobMode(): number {
  return 0o444 & ~process.umask()
}
