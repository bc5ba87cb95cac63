import { beforeAll, describe, expect, it } from 'vitest'
import { trustedKeys } from '../../src/index.ts'
import { makeKey, type TestKey } from '../simple/test-keys.ts'
import { filesAsStore } from './stores.ts'

const APP = 'example.com/app'
const SYSTEM = '/system'
const LOCAL = '/local'
const MASK = new Uint8Array()

let keys: Readonly<Record<'A' | 'B', TestKey>>
beforeAll(async () => {
  keys = { A: await makeKey(), B: await makeKey() }
})

/** `A` and `B` in a path stand for fingerprints; as content, for the keys. */
type Layout = Readonly<Record<string, 'A' | 'B' | 'mask' | 'both' | 'junk'>>

function filesOf(layout: Layout): Record<string, Uint8Array> {
  const { A, B } = keys
  const content = {
    A: A.publicBytes,
    B: B.publicBytes,
    mask: MASK,
    junk: Buffer.from('junk'),
    both: Buffer.concat([A.publicBytes, B.publicBytes]),
  }
  return Object.fromEntries(
    Object.entries(layout).map(([path, what]) => [
      path.replace(/\/A$/, `/${A.fingerprint.toLowerCase()}`).replace(/\/B$/, `/${B.fingerprint.toLowerCase()}`),
      content[what],
    ]),
  )
}

/** The trusted keys by their letters, and how many warnings there are. */
async function trusted(layout: Layout, name = APP): Promise<string> {
  const found = await trustedKeys(name, [SYSTEM, LOCAL], filesAsStore(filesOf(layout)))
  const letters = found.keys.map(({ fingerprint }) => (fingerprint.toUpperCase() === keys.A.fingerprint ? 'A' : 'B'))
  return letters.toSorted().join('') + (found.warnings.length === 0 ? '' : ` and ${found.warnings.length} warned of`)
}

describe('trustedKeys', () => {
  it.each<[string, Layout, string, string]>([
    ['nothing at all', {}, APP, ''],
    ['a root key', { '/system/root.d/A': 'A' }, APP, 'A'],
    ['a root key of this machine', { '/local/root.d/A': 'A' }, 'other.example/x', 'A'],
    ['both', { '/system/root.d/A': 'A', '/local/root.d/B': 'B' }, APP, 'AB'],
    ['a key of the name', { '/system/prefix.d/example.com/app/A': 'A' }, APP, 'A'],
    ['a key of a name above', { '/local/prefix.d/example.com/A': 'A' }, APP, 'A'],
    ['a key of a name below', { '/local/prefix.d/example.com/app/worker/A': 'A' }, APP, ''],
    ['a key of a name beside', { '/local/prefix.d/example.com/other/A': 'A' }, APP, ''],
    ['a key of a name that is cut within a component', { '/local/prefix.d/example.com/ap/A': 'A' }, APP, ''],
    [
      'a key of a team, for the image of another',
      { '/local/prefix.d/example.com/team/A': 'A' },
      'example.com/team-evil/app',
      '',
    ],
    ['a key of a host that only looks alike', { '/local/prefix.d/example.com/A': 'A' }, 'example.com.evil/app', ''],
    [
      'keys of several places',
      { '/system/prefix.d/example.com/A': 'A', '/local/prefix.d/example.com/app/B': 'B' },
      APP,
      'AB',
    ],
    ['a system key that is masked here', { '/system/root.d/A': 'A', '/local/root.d/A': 'mask' }, APP, ''],
    [
      'a system key of a name that is masked here',
      { '/system/prefix.d/example.com/A': 'A', '/local/prefix.d/example.com/A': 'mask' },
      APP,
      '',
    ],
    [
      'a system key of a name that is masked for all names',
      { '/system/prefix.d/example.com/A': 'A', '/local/root.d/A': 'mask' },
      APP,
      '',
    ],
    [
      'a root key that is masked for one name',
      { '/system/root.d/A': 'A', '/local/prefix.d/example.com/app/A': 'mask' },
      APP,
      '',
    ],
    [
      'the same, for another name',
      { '/system/root.d/A': 'A', '/local/prefix.d/example.com/app/A': 'mask' },
      'example.com/other',
      'A',
    ],
    [
      'the same, for a name below',
      { '/system/root.d/A': 'A', '/local/prefix.d/example.com/app/A': 'mask' },
      'example.com/app/worker',
      '',
    ],
    [
      'a mask in a deeper folder of the same store',
      { '/local/prefix.d/example.com/A': 'A', '/local/prefix.d/example.com/app/A': 'mask' },
      APP,
      '',
    ],
    ['a mask of the system, of a key of this machine', { '/local/root.d/A': 'A', '/system/root.d/A': 'mask' }, APP, ''],
    ['a mask of another key', { '/system/root.d/A': 'A', '/local/root.d/B': 'mask' }, APP, 'A'],
    ['junk beside a key', { '/local/root.d/A': 'A', '/local/root.d/B': 'junk' }, APP, 'A and 1 warned of'],
    ['a file of another name', { '/local/root.d/A': 'A', '/local/root.d/README': 'junk' }, APP, 'A and 1 warned of'],
    ['a key under the name of another', { '/local/root.d/A': 'B', '/local/root.d/B': 'B' }, APP, 'B and 1 warned of'],
    ['two keys in a file, of which the first counts', { '/local/root.d/A': 'both' }, APP, 'A'],
    ['two keys in a file, under the name of the second', { '/local/root.d/B': 'both' }, APP, ' and 1 warned of'],
    [
      'a folder where a key should be',
      { '/local/root.d/A': 'A', '/local/root.d/B/x': 'junk' },
      APP,
      'A and 1 warned of',
    ],
    [
      'a name beside that of a key',
      { '/local/prefix.d/example.com/A': 'A', '/local/prefix.d/example.com/notes': 'junk' },
      APP,
      'A',
    ],
  ])('of %s', async (_, layout, name, expected) => {
    expect(await trusted(layout, name)).toBe(expected)
  })

  it('says which keys are masked', async () => {
    const files = filesOf({ '/system/root.d/A': 'A', '/local/root.d/A': 'mask' })
    const { masked } = await trustedKeys(APP, [SYSTEM, LOCAL], filesAsStore(files))
    expect(masked.map(({ path }) => path)).toEqual([`/system/root.d/${keys.A.fingerprint.toLowerCase()}`])
  })

  it('goes on beside a place that cannot be read, and says so', async () => {
    const reader = filesAsStore(filesOf({ '/local/root.d/A': 'A' }))
    const readFolder: typeof reader.readFolder = async (path, options) => {
      if (path.startsWith(SYSTEM)) throw new Error(`${path} is forbidden`)
      return reader.readFolder(path, options)
    }
    const found = await trustedKeys(APP, [SYSTEM, LOCAL], { ...reader, readFolder })
    expect(found.keys).toHaveLength(1)
    expect(found.warnings).toContain('/system/root.d is forbidden')
  })

  it('has secret keys nowhere', async () => {
    const path = `/local/root.d/${keys.A.fingerprint.toLowerCase()}`
    const { keys: none, warnings } = await trustedKeys(APP, [LOCAL], filesAsStore({ [path]: keys.A.secretBytes }))
    expect([none, warnings]).toEqual([[], [expect.stringContaining('has a secret key in it') as string]])
  })
})
