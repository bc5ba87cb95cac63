import { UsageError } from './failure.ts'

/** The transports whose names are not mistaken for a repository with a tag: `docker` is a repository itself. */
const TRANSPORT =
  /^(?:docker:\/\/|https?:\/\/|(?:oci|dir|oci-archive|docker-archive|docker-daemon|aci|appc|tarball|store):)/

/** The image name behind what was typed: a name without a transport is of a registry. */
export function remoteName(typed: string): string {
  if (typed.startsWith('store:'))
    throw new UsageError('what is in the store need not be brought there: leave out "store:"')
  return TRANSPORT.test(typed) ? typed : `docker://${typed}`
}

/** The name that an image gets in the store unless people say another: that of its registry. Undefined if it has none. */
export function nameFromRemote(name: string): string | undefined {
  return name.startsWith('docker://') ? name.slice('docker://'.length) : undefined
}
