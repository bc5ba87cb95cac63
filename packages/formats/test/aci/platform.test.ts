import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { aciPlatformOf, platformOfAci } from '../../src/index.ts'
import { aciPlatformProblem } from '../../src/aci/platform.ts'

interface Row {
  readonly GoOS: string
  readonly GoArch: string
  readonly Flavor: string
  readonly OS: string
  readonly Arch: string
  readonly Err: string
}

interface Table {
  readonly toAppc: readonly Row[]
  readonly toGo: readonly Row[]
  readonly validOSArch: Readonly<Record<string, readonly string[]>>
}

const table: Table = JSON.parse(readFileSync(new URL('../fixtures/appc/os-arch.json', import.meta.url), 'utf8'))

/** Upstream's rows for these are the wrong way round, so that it knows none of them. */
const RIGHT_HERE = new Map([
  ['freebsd i386', { os: 'freebsd', architecture: '386' }],
  ['darwin x86_64', { os: 'darwin', architecture: 'amd64' }],
  ['darwin i386', { os: 'darwin', architecture: '386' }],
])

describe('from OCI', () => {
  it.each(table.toAppc)('$GoOS $GoArch $Flavor', ({ GoOS, GoArch, Flavor, OS, Arch, Err }) => {
    const found = aciPlatformOf({ os: GoOS, architecture: GoArch, ...(Flavor !== '' && { variant: Flavor }) })
    expect(found).toStrictEqual(Err === '' ? { os: OS, arch: Arch } : undefined)
  })

  it('knows the variants as OCI writes them', () => {
    expect(aciPlatformOf({ os: 'linux', architecture: 'arm', variant: 'v7' })?.arch).toBe('armv7l')
    expect(aciPlatformOf({ os: 'linux', architecture: 'arm64', variant: 'v8' })?.arch).toBe('aarch64')
  })
})

describe('to OCI', () => {
  it.each(table.toGo)('$OS $Arch', ({ GoOS, GoArch, Flavor, OS, Arch, Err }) => {
    const variant = Flavor === '' || OS === 'freebsd' ? undefined : `v${Flavor}`
    const theirs =
      Err === '' ? { os: GoOS, architecture: GoArch, ...(variant !== undefined && { variant }) } : undefined
    expect(platformOfAci({ os: OS, arch: Arch })).toStrictEqual(RIGHT_HERE.get(`${OS} ${Arch}`) ?? theirs)
  })

  it('comes back the same', () => {
    const pairs = Object.entries(table.validOSArch).flatMap(([os, all]) => all.map((arch) => ({ os, arch })))
    const known = pairs.filter((pair) => platformOfAci(pair) !== undefined)
    expect(known.map((pair) => aciPlatformOf(platformOfAci(pair)!))).toStrictEqual(known)
    expect(known).toHaveLength(pairs.length - 2)
  })
})

describe('pairs of labels', () => {
  it.each(Object.entries(table.validOSArch))('for %s', (os, architectures) => {
    for (const arch of architectures) expect(aciPlatformProblem(os, arch)).toBeUndefined()
    expect(aciPlatformProblem(os, 'vax')).toContain(architectures.join(', '))
  })
})
