import { BlockList, isIP } from 'node:net'

/** What a host is, as far as its text says: names are not looked up. */
export type AddressKind = 'public' | 'loopback' | 'private' | 'link-local' | 'reserved'

/** Blocks that are not the public Internet (IANA special-purpose address registries). */
const BLOCKS: readonly (readonly [string, number, 'ipv4' | 'ipv6', AddressKind])[] = [
  ['0.0.0.0', 8, 'ipv4', 'loopback'], // "this host": connecting to 0.0.0.0 reaches the machine itself
  ['127.0.0.0', 8, 'ipv4', 'loopback'],
  ['10.0.0.0', 8, 'ipv4', 'private'],
  ['100.64.0.0', 10, 'ipv4', 'private'],
  ['172.16.0.0', 12, 'ipv4', 'private'],
  ['192.168.0.0', 16, 'ipv4', 'private'],
  ['169.254.0.0', 16, 'ipv4', 'link-local'],
  ['192.0.0.0', 24, 'ipv4', 'reserved'],
  ['198.18.0.0', 15, 'ipv4', 'reserved'],
  ['224.0.0.0', 3, 'ipv4', 'reserved'],
  ['::', 128, 'ipv6', 'loopback'],
  ['::1', 128, 'ipv6', 'loopback'],
  ['fc00::', 7, 'ipv6', 'private'],
  ['fec0::', 10, 'ipv6', 'private'],
  ['fe80::', 10, 'ipv6', 'link-local'],
  ['ff00::', 8, 'ipv6', 'reserved'],
]

const LISTS = BLOCKS.map(([network, bits, family, kind]) => {
  const list = new BlockList()
  list.addSubnet(network, bits, family)
  return { list, family, kind }
})

/** `hostname` as a parsed URL gives it: IPv4 in four decimal parts, IPv6 in brackets, names in lower case. */
export function addressKind(hostname: string): AddressKind {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (host === 'localhost' || host.endsWith('.localhost')) return 'loopback'
  const version = isIP(host)
  if (version === 0) return 'public'
  if (version === 4) return literalKind(host, 'ipv4')
  const embedded = embeddedIpv4(host)
  return embedded === undefined ? literalKind(host, 'ipv6') : literalKind(embedded, 'ipv4')
}

function literalKind(host: string, family: 'ipv4' | 'ipv6'): AddressKind {
  return LISTS.find((entry) => entry.family === family && entry.list.check(host, family))?.kind ?? 'public'
}

/** The IPv4 address inside a mapped, compatible, NAT64 or 6to4 one: what a packet to it reaches in the end. */
function embeddedIpv4(host: string): string | undefined {
  const groups = expand(host)
  const zeros = groups.findIndex((group) => group !== 0)
  const mapped = zeros === 5 && groups[5] === 0xff_ff
  const compatible = zeros === 6 || (zeros === 7 && (groups[7] ?? 0) > 1)
  const nat64 = groups[0] === 0x64 && groups[1] === 0xff_9b
  if (mapped || compatible || nat64) return dotted(groups[6], groups[7])
  return groups[0] === 0x20_02 ? dotted(groups[1], groups[2]) : undefined
}

function expand(host: string): number[] {
  const [head = '', tail] = host.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const middle = tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => '0')
  return [...before, ...middle, ...after].map((group) => Number.parseInt(group, 16))
}

function dotted(high: number | undefined = 0, low: number | undefined = 0): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
