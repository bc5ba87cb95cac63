import { type Descriptor, digestOf, ImageError } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import type { ImageFieldPath, NewImageRecord } from '../../src/image-names.ts'
import { checkLabels, isReservedLabel } from '../../src/labels.ts'
import { checkNamespace } from '../../src/store-context.ts'
import { openTestStore } from '../open-test-store.ts'
import { table } from '../table.ts'

interface Record {
  readonly name?: string
  readonly labels?: NewImageRecord['labels']
  readonly target: Partial<Descriptor>
}

interface Row {
  readonly name: string
  readonly original: Record
  readonly createError?: string
  readonly update?: Record
  readonly fieldpaths?: readonly ImageFieldPath[]
  readonly updateError?: string
  readonly expected?: Record
  readonly deleteWithOriginalTarget?: string
}

const crud = table<{ readonly rows: readonly Row[]; readonly list: { readonly rows: [string[], number][] } }>(
  'image-store-crud',
)
const identifiers = table<{
  readonly labelInvalid: readonly unknown[]
  readonly isReserved: Readonly<globalThis.Record<string, boolean>>
  readonly identifier: { readonly valid: readonly string[]; readonly invalid: readonly string[] }
}>('labels-identifiers')

const CODES: Readonly<globalThis.Record<string, string>> = { InvalidArgument: 'INVALID_DATA', NotFound: 'NOT_FOUND' }

/** The code of the failure in containerd's words, or undefined for what succeeds. */
async function failureOf(work: Promise<unknown>): Promise<string | undefined> {
  const code = await work.then(
    () => undefined,
    (reason: unknown) => (reason instanceof ImageError ? reason.code : String(reason)),
  )
  return code === undefined ? undefined : (Object.keys(CODES).find((name) => CODES[name] === code) ?? code)
}

/** The digests of these rows are made of their names and sizes. */
function recordOf(row: Row, { name = row.name, labels, target }: Record): NewImageRecord {
  const size = target.size ?? 0
  const digest = digestOf(new TextEncoder().encode(`${row.name}-${size}`))
  return { name, target: { mediaType: '', ...target, size, digest }, ...(labels !== undefined && { labels }) }
}

const label = (key: number, value: number): (() => unknown) => {
  const labels = { ['s'.repeat(key)]: 'v'.repeat(value) }
  return () => checkLabels(labels)
}

/** `a*76` is the letter, so many times. */
const written = (text: string): string =>
  text.replace(/^(.)\*(\d+)$/, (_, letter: string, count: string) => letter.repeat(Number(count)))

describe('records of images, as containerd has them', () => {
  it.each(crud.rows.filter(({ createError }) => createError !== undefined))('$name', async (row) => {
    const { images } = await openTestStore({ database: ':memory:' })
    expect(await failureOf(images.create(recordOf(row, row.original)))).toBe(row.createError)
    expect(await images.list()).toEqual([])
  })

  it.each(crud.rows.filter(({ updateError }) => updateError !== undefined))('$name', async (row) => {
    const { images } = await openTestStore({ database: ':memory:' })
    const created = await images.create(recordOf(row, row.original))
    const update = images.update(recordOf(row, row.update ?? row.original), row.fieldpaths)
    expect(await failureOf(update)).toBe(row.updateError)
    expect(await images.list()).toEqual([created])
  })

  it.each(crud.rows.filter(({ expected }) => expected !== undefined))('$name', async (row) => {
    const { images } = await openTestStore({ database: ':memory:' })
    const original = recordOf(row, row.original)
    const created = await images.create(original)
    const updated = await images.update(recordOf(row, row.update ?? row.original), row.fieldpaths)
    expect(updated).toMatchObject({ labels: {}, ...recordOf(row, row.expected ?? row.original) })
    expect(updated.createdAt).toEqual(created.createdAt)
    expect(updated.updatedAt.getTime()).toBeGreaterThan(created.updatedAt.getTime())
    const deleting = images.delete(row.name, { target: original.target.digest })
    expect(await failureOf(deleting)).toBe(row.deleteWithOriginalTarget)
  })

  it.each(crud.list.rows)('lists by %j', async (filters, count) => {
    const { images } = await openTestStore({ database: ':memory:' })
    for (let index = 0; index < 4; index += 1) {
      const name = `image-${index}`
      const labels = { namelabel: name, even: String(index % 2 === 0), odd: String(index % 2 !== 0) }
      const target = {
        mediaType: 'application/vnd.containerd.test',
        size: 10,
        digest: digestOf(new TextEncoder().encode(name)),
      }
      await images.create({ name, target, labels })
    }
    expect(await images.list(filters)).toHaveLength(count)
  })
})

describe('identifiers and labels, as containerd has them', () => {
  it.each(identifiers.identifier.valid)('takes %s as a namespace', (name) => {
    expect(checkNamespace(written(name))).toBe(written(name))
  })

  it.each(identifiers.identifier.invalid)('refuses "%s" as a namespace', (name) => {
    expect(() => checkNamespace(written(name))).toThrow(expect.objectContaining({ code: 'INVALID_DATA' }))
  })

  it.each(Object.entries(identifiers.isReserved))('knows of %s whether it is reserved: %s', (key, expected) => {
    expect(isReservedLabel(key)).toBe(expected)
  })

  it.each([
    [65, 4096 - 65],
    [63, 4096 - 63],
  ])('takes a key of %i bytes with a value of %i', (key, value) => {
    expect(label(key, value)).not.toThrow()
  })

  it.each([
    [76, 4096 - 76 + 1],
    [4096, 1],
  ])('refuses a key of %i bytes with a value of %i, and names its beginning', (key, value) => {
    expect(label(key, value)).toThrow(/^the label "s{64}… \(\d+ characters\)" has more than 4096 bytes/)
  })

  it('keeps labels whose keys mean something to JavaScript', () => {
    const labels = JSON.parse('{"__proto__":"a","constructor":"b"}') as Readonly<globalThis.Record<string, string>>
    expect(Object.entries(checkLabels(labels))).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ])
  })
})
