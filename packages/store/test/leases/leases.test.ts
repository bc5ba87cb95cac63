import { digestOf } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import type { LeaseResource } from '../../src/leases.ts'
import { EXPIRE_LABEL, expiryOf, FLAT_LABEL } from '../../src/leases/expiry.ts'
import { openTestStore } from '../open-test-store.ts'
import { table } from '../table.ts'

const recorded = table<{
  readonly leases: readonly { readonly id: string; readonly labels: Readonly<Record<string, string>> }[]
  readonly list: readonly (readonly [filters: readonly string[], ids: readonly string[]])[]
}>('leases')

const HOUR_MS = 60 * 60 * 1000
const NOW = Date.UTC(2026, 0, 1)
const clock = { now: () => NOW }
const digest = digestOf(new TextEncoder().encode('content'))
const code = (expected: string): unknown => expect.objectContaining({ code: expected })

describe('leases', () => {
  it.each(recorded.list)('are listed by %j as in containerd', async (filters, ids) => {
    const { leases } = await openTestStore({ database: ':memory:' })
    for (const { id, labels } of recorded.leases) await leases.create({ id, labels })
    expect((await leases.list(filters)).map(({ id }) => id)).toEqual(ids)
  })

  it('expire after a day, or when it is said', async () => {
    const { leases } = await openTestStore({ clock })
    expect((await leases.create()).expiresAt).toEqual(new Date(NOW + 24 * HOUR_MS))
    expect((await leases.create({ ttlMs: HOUR_MS })).expiresAt).toEqual(new Date(NOW + HOUR_MS))
    const labels = { [EXPIRE_LABEL]: '2030-01-02T03:04:05Z', a: 'b' }
    const said = await leases.create({ id: 'said', labels, flat: true })
    expect(said).toMatchObject({ flat: true, expiresAt: new Date('2030-01-02T03:04:05Z'), createdAt: new Date(NOW) })
    expect(said.labels).toEqual({ ...labels, [FLAT_LABEL]: 'true' })
    expect(await leases.list(['id==said'])).toEqual([said])
    await expect(leases.list(['id='])).rejects.toEqual(code('INVALID_DATA'))
  })

  it('are one for each id, and gone when they are deleted', async () => {
    const { leases } = await openTestStore()
    const { id } = await leases.create({ id: 'a' })
    await expect(leases.create({ id })).rejects.toEqual(code('CONFLICT'))
    await expect(leases.create({ id: '' })).rejects.toEqual(code('INVALID_DATA'))
    await expect(leases.create({ labels: { a: 'v'.repeat(4097) } })).rejects.toEqual(code('INVALID_DATA'))
    await leases.delete(id)
    await expect(leases.delete(id)).rejects.toEqual(code('NOT_FOUND'))
    const made = await Promise.all(Array.from({ length: 20 }, async () => await leases.create()))
    expect(new Set(made.map((lease) => lease.id)).size).toBe(20)
  })

  it('keep what is added, once, until it is removed', async () => {
    const { leases } = await openTestStore()
    const { id } = await leases.create()
    const resources: readonly LeaseResource[] = [
      { kind: 'content', id: digest },
      { kind: 'image', id: 'any name' },
      { kind: 'ingest', id: 'any ref' },
    ]
    for (const resource of [...resources, ...resources]) await leases.add(id, resource)
    expect(await leases.resources(id)).toEqual(resources)
    await leases.remove(id, { kind: 'image', id: 'any name' })
    await leases.remove(id, { kind: 'image', id: 'any name' })
    expect(await leases.resources(id)).toHaveLength(2)
    await leases.delete(id)
    await leases.create({ id })
    expect(await leases.resources(id)).toEqual([])
  })

  it('refuse what they cannot keep, and are not there for whoever has another id', async () => {
    const { leases } = await openTestStore()
    const { id } = await leases.create()
    await expect(leases.add(id, { kind: 'content', id: 'no digest' })).rejects.toEqual(code('INVALID_DATA'))
    await expect(leases.add(id, { kind: 'image', id: '' })).rejects.toEqual(code('INVALID_DATA'))
    await expect(leases.add(id, { kind: 'snapshot' as 'image', id: 'x' })).rejects.toEqual(code('UNSUPPORTED'))
    await expect(leases.add('other', { kind: 'image', id: 'x' })).rejects.toEqual(code('NOT_FOUND'))
    await expect(leases.remove('other', { kind: 'image', id: 'x' })).rejects.toEqual(code('NOT_FOUND'))
    await expect(leases.resources('other')).rejects.toEqual(code('NOT_FOUND'))
  })

  it('are another namespace’s own', async () => {
    const store = await openTestStore()
    await store.leases.create({ id: 'a' })
    const other = store.namespace('other')
    expect(await other.leases.list()).toEqual([])
    await other.leases.create({ id: 'a' })
    await store.leases.delete('a')
    expect(await other.leases.list()).toHaveLength(1)
    expect(await store.namespaces()).toEqual(['default', 'other'])
  })
})

describe('with a lease', () => {
  it('work has one, and it is gone afterwards, however the work ends', async () => {
    const { leases } = await openTestStore()
    const seen = await leases.with(async ({ id }) => await leases.list([`id==${id}`]))
    expect(seen).toHaveLength(1)
    await expect(leases.with(async () => await Promise.reject(new RangeError('failed')))).rejects.toThrow('failed')
    await expect(
      leases.with(async ({ id }) => {
        await leases.delete(id)
        throw new RangeError('of the work')
      }),
    ).rejects.toThrow('of the work')
    expect(await leases.list()).toEqual([])
  })

  it('names join it if they expire, and cannot be given once it is gone', async () => {
    const store = await openTestStore()
    const lease = await store.leases.create()
    const { images } = store.withLease(lease)
    const target = { mediaType: 'a/b', digest, size: 7 }
    await images.create({ name: 'stays', target })
    await images.put({ name: 'expires', target, labels: { [EXPIRE_LABEL]: '2030-01-02T03:04:05Z' } })
    expect(await store.leases.resources(lease.id)).toEqual([{ kind: 'image', id: 'expires' }])
    await store.leases.delete(lease.id)
    await expect(images.create({ name: 'late', target })).rejects.toEqual(code('NOT_FOUND'))
    await expect(store.images.get('late')).rejects.toEqual(code('NOT_FOUND'))
  })
})

describe('expiryOf', () => {
  it.each([
    ['2030-01-02T03:04:05Z', '2030-01-02T03:04:05.000Z'],
    ['2030-01-02T03:04:05.678901234+02:00', '2030-01-02T01:04:05.678Z'],
    ['2030-01-02', undefined],
    ['2030-13-02T03:04:05Z', undefined],
    ['2030-01-02 03:04:05Z', undefined],
    ['not-a-date', undefined],
    ['', undefined],
  ])('of %j is %s', (text, expected) => {
    expect(expiryOf({ [EXPIRE_LABEL]: text })?.toISOString()).toBe(expected)
  })
})
