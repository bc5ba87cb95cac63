import type { Platform } from '@crossdock/core'

/** What appc calls an operating system and an architecture (appc spec, "Image Manifest Schema"), and what OCI calls them. */
interface Row {
  readonly os: string
  readonly arch: string
  /** Undefined where OCI has no such architecture. */
  readonly platform: Omit<Platform, 'os'> | undefined
}

const ROWS: readonly Row[] = [
  row('linux', 'amd64', 'amd64'),
  row('linux', 'i386', '386'),
  row('linux', 'aarch64', 'arm64'),
  { os: 'linux', arch: 'aarch64_be', platform: undefined },
  { os: 'linux', arch: 'armv6l', platform: { architecture: 'arm', variant: 'v6' } },
  { os: 'linux', arch: 'armv7l', platform: { architecture: 'arm', variant: 'v7' } },
  { os: 'linux', arch: 'armv7b', platform: undefined },
  row('linux', 'ppc64', 'ppc64'),
  row('linux', 'ppc64le', 'ppc64le'),
  row('linux', 's390x', 's390x'),
  row('freebsd', 'amd64', 'amd64'),
  row('freebsd', 'i386', '386'),
  row('freebsd', 'arm', 'arm'),
  row('darwin', 'x86_64', 'amd64'),
  row('darwin', 'i386', '386'),
]

function row(os: string, arch: string, architecture: string): Row {
  return { os, arch, platform: { architecture } }
}

export interface AciPlatform {
  readonly os: string
  readonly arch: string
}

/** What appc calls a platform; undefined if it has no name for it. arm without a variant is `armv6l`, which every such machine runs. */
export function aciPlatformOf({ os, architecture, variant = '' }: Platform): AciPlatform | undefined {
  const rows = ROWS.filter((each) => each.os === os && each.platform?.architecture === architecture)
  const isPlainArm64 = architecture === 'arm64' && variant === 'v8'
  const found =
    variant === '' || isPlainArm64 || os === 'freebsd'
      ? rows[0]
      : rows.find(({ platform }) => platform?.variant?.slice(1) === variant.replace(/^v/, ''))
  return found && { os: found.os, arch: found.arch }
}

/** What OCI calls a platform of appc; undefined if it has no name for it. */
export function platformOfAci({ os, arch }: AciPlatform): Platform | undefined {
  const platform = ROWS.find((each) => each.os === os && each.arch === arch)?.platform
  return platform && { os, ...platform }
}

/** What is wrong with the two labels; undefined if nothing is. An architecture without an operating system may be any text. */
export function aciPlatformProblem(os: string | undefined, arch: string | undefined): string | undefined {
  if (os === undefined) return arch === '' ? 'the architecture must not be empty' : undefined
  const rows = ROWS.filter((each) => each.os === os)
  if (rows.length === 0)
    return `the operating system must be one of ${[...new Set(ROWS.map((each) => each.os))].join(', ')}`
  if (arch === undefined || rows.some((each) => each.arch === arch)) return undefined
  return `the architecture for ${os} must be one of ${rows.map((each) => each.arch).join(', ')}`
}
