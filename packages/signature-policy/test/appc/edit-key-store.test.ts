import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  addTrustedKeys,
  type KeyPlace,
  keyStoreFiles,
  listTrustedKeys,
  maskTrustedKey,
  removeTrustedKey,
  trustedKeys,
} from '../../src/index.ts'
import { makeKey } from '../simple/test-keys.ts'

let store: string
beforeEach(async () => {
  store = await mkdtemp(join(tmpdir(), 'crossdock-keys-'))
})
afterEach(() => rm(store, { recursive: true, force: true }))

const APP = 'example.com/app'
const root: KeyPlace = { kind: 'root' }
const prefix: KeyPlace = { kind: 'prefix', prefix: 'example.com' }
const trusted = async (): Promise<readonly string[]> =>
  (await trustedKeys(APP, [store], keyStoreFiles())).keys.map(({ fingerprint }) => fingerprint.toUpperCase())

describe('a key store', () => {
  it('trusts what is added, until it is removed or masked', async () => {
    const [one, two] = [await makeKey(), await makeKey()]
    const added = await addTrustedKeys(Buffer.concat([one.publicBytes, two.publicBytes]), { store, place: prefix })
    expect(added.map(({ path }) => path)).toEqual(
      [one, two].map(({ fingerprint }) => join(store, 'prefix.d/example.com', fingerprint.toLowerCase())),
    )
    expect(await readFile(added[0]?.path ?? '', 'latin1')).toMatch(/^-----BEGIN PGP PUBLIC KEY BLOCK-----/)
    expect(await trusted()).toEqual([one.fingerprint, two.fingerprint].toSorted())

    expect(await removeTrustedKey(one.fingerprint, { store, place: prefix })).toBe(true)
    expect(await removeTrustedKey(one.fingerprint, { store, place: prefix })).toBe(false)
    expect(await trusted()).toEqual([two.fingerprint])

    await maskTrustedKey(two.fingerprint, { store, place: root })
    expect(await trusted()).toEqual([])
    expect(await removeTrustedKey(two.fingerprint, { store, place: root })).toBe(true)
    expect(await trusted()).toEqual([two.fingerprint])
  })

  it('leaves nothing but keys behind', async () => {
    const key = await makeKey()
    for (let times = 0; times < 2; times += 1) await addTrustedKeys(key.publicBytes, { store, place: root })
    expect(await readdir(store, { recursive: true })).toEqual(['root.d', `root.d/${key.fingerprint.toLowerCase()}`])
  })

  it('lists what is in it, of every name', async () => {
    const key = await makeKey()
    await addTrustedKeys(key.publicBytes, { store, place: root })
    await addTrustedKeys(key.publicBytes, { store, place: { kind: 'prefix', prefix: 'example.com/team/app' } })
    await maskTrustedKey(key.fingerprint, { store, place: prefix })
    const { entries, warnings } = await listTrustedKeys(store, keyStoreFiles())
    expect(
      entries.map(({ place, key: bytes }) => [place.kind === 'root' ? '' : place.prefix, bytes !== undefined]),
    ).toEqual([
      ['', true],
      ['example.com', false],
      ['example.com/team/app', true],
    ])
    expect(warnings).toEqual([])
  })

  it('is empty if it is not there', async () => {
    expect(await listTrustedKeys(join(store, 'none'), keyStoreFiles())).toEqual({ entries: [], warnings: [] })
  })

  it('takes neither secret keys, nor what is no key, nor a name that leads out of it', async () => {
    const key = await makeKey()
    await expect(addTrustedKeys(key.secretBytes, { store, place: root })).rejects.toThrow('secret key')
    await expect(addTrustedKeys(Buffer.from('x'), { store, place: root })).rejects.toMatchObject({
      code: 'INVALID_DATA',
    })
    for (const name of ['..', '../x', 'a/../b', '/etc', 'a//b', '', 'A', `a${'/a'.repeat(600)}`]) {
      const place: KeyPlace = { kind: 'prefix', prefix: name }
      await expect(addTrustedKeys(key.publicBytes, { store, place })).rejects.toMatchObject({ code: 'INVALID_DATA' })
    }
    await expect(removeTrustedKey('../../x', { store, place: root })).rejects.toMatchObject({ code: 'INVALID_DATA' })
    expect(await readdir(store)).toEqual([])
  })
})
