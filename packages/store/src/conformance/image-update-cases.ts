import assert from 'node:assert/strict'
import type { Descriptor } from '@crossdock/core'
import type { ImageFieldPath } from '../image-names.ts'
import type { Labels } from '../labels.ts'
import { assertFails } from './assert-fails.ts'
import { assertImage, disguised, imageOf, type ImageNamesCase, targetOf } from './image-steps.ts'

interface UpdateRow {
  readonly id: string
  readonly rule: string
  readonly paths: readonly ImageFieldPath[]
  /** What is there afterwards. */
  readonly labels: Labels
  readonly annotations: Labels | undefined
  /** Whether the rest of the target is the new one. */
  readonly replaced: boolean
}

const OLD_LABELS = { keep: '1', change: '2', 'dotted.key/x': '3' }
const NEW_LABELS = { change: 'new', added: 'new', 'dotted.key/x': '' }
const OLD_NOTES = { keep: '1', change: '2' }
const NEW_NOTES = { change: 'new', added: 'new' }

/** A record with the old values is updated by one with the new ones. */
const ROWS: readonly UpdateRow[] = [
  {
    id: 'update/whole',
    rule: 'without paths target and labels are replaced',
    paths: [],
    labels: { change: 'new', added: 'new' },
    annotations: NEW_NOTES,
    replaced: true,
  },
  {
    id: 'update/labels',
    rule: '`labels` replaces all labels and nothing else',
    paths: ['labels'],
    labels: { change: 'new', added: 'new' },
    annotations: OLD_NOTES,
    replaced: false,
  },
  {
    id: 'update/label',
    rule: '`labels.KEY` sets one label',
    paths: ['labels.change'],
    labels: { ...OLD_LABELS, change: 'new' },
    annotations: OLD_NOTES,
    replaced: false,
  },
  {
    id: 'update/label-removed',
    rule: '`labels.KEY` removes a label that the new record has not, or has without a value; the key may hold dots',
    paths: ['labels.keep', 'labels.dotted.key/x'],
    labels: { change: '2' },
    annotations: OLD_NOTES,
    replaced: false,
  },
  {
    id: 'update/target',
    rule: '`target` replaces the whole target and no label',
    paths: ['target'],
    labels: OLD_LABELS,
    annotations: NEW_NOTES,
    replaced: true,
  },
  {
    id: 'update/annotations',
    rule: '`annotations` replaces the annotations and leaves the rest of the target',
    paths: ['annotations'],
    labels: OLD_LABELS,
    annotations: NEW_NOTES,
    replaced: false,
  },
  {
    id: 'update/annotation',
    rule: '`annotations.KEY` sets one annotation, or removes it',
    paths: ['annotations.added', 'annotations.keep'],
    labels: OLD_LABELS,
    annotations: { change: '2', added: 'new' },
    replaced: false,
  },
  {
    id: 'update/several',
    rule: 'paths are applied together',
    paths: ['annotations', 'labels'],
    labels: { change: 'new', added: 'new' },
    annotations: NEW_NOTES,
    replaced: false,
  },
]

const NEW_TARGET: Descriptor = targetOf('new', { mediaType: 'application/vnd.oci.image.index.v1+json' })

const rowCases = ROWS.map(({ id, rule, paths, labels, annotations, replaced }): ImageNamesCase => ({
  id,
  rule,
  async run({ images }) {
    const oldTarget = targetOf('old', { annotations: OLD_NOTES })
    await images.create({ name: 'a', target: oldTarget, labels: OLD_LABELS })
    const update = { name: 'a', target: { ...NEW_TARGET, annotations: NEW_NOTES }, labels: NEW_LABELS }
    const expected = { name: 'a', labels, target: { ...(replaced ? NEW_TARGET : oldTarget), annotations } }
    assertImage(await images.update(update, paths), expected)
    assertImage(await images.get('a'), expected)
  },
}))

export const imageUpdateCases: readonly ImageNamesCase[] = [
  ...rowCases,
  {
    id: 'update/times',
    rule: 'the time of creation stays, the time of the update is later each time',
    async run({ images }) {
      const created = await images.create(imageOf('a'))
      let last = created.updatedAt
      for (let round = 0; round < 3; round += 1) {
        const { createdAt, updatedAt } = await images.update(imageOf('a'))
        assert.equal(createdAt.getTime(), created.createdAt.getTime())
        assert.ok(updatedAt > last, `${updatedAt.toISOString()} is not later than ${last.toISOString()}`)
        last = updatedAt
      }
    },
  },
  {
    id: 'update/unknown',
    rule: 'a name that is not there cannot be updated, and is not created',
    async run({ images }) {
      await assertFails('NOT_FOUND', 'updating', () => images.update(imageOf('a')))
      await assertFails('NOT_FOUND', 'getting it then', () => images.get('a'))
      await assertFails('INVALID_DATA', 'updating no name', () => images.update({ ...imageOf('a'), name: '' }))
    },
  },
  {
    id: 'update/invalid',
    rule: 'an update that would leave a record that is none, or names another field, changes nothing',
    async run({ images }) {
      const image = imageOf('a', { labels: { a: '1' } })
      await images.create(image)
      const update = { ...image, target: targetOf('b', { size: 0 }), labels: {} }
      await assertFails('INVALID_DATA', 'a target of no bytes', () => images.update(update))
      await assertFails('INVALID_DATA', 'by path', () => images.update(update, ['labels', 'target']))
      for (const path of ['name', 'createdat', 'target.size', 'label', '', 'labelsx']) {
        await assertFails('INVALID_DATA', `the path "${path}"`, () =>
          images.update({ ...image, labels: {} }, ['labels', disguised<ImageFieldPath>(path)]),
        )
      }
      assertImage(await images.get('a'), image)
    },
  },
  {
    id: 'update/race',
    rule: 'updates of several labels at once all hold',
    async run({ images }) {
      await images.create(imageOf('a'))
      const labels = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`label-${index}`, String(index)]))
      await Promise.all(
        Object.keys(labels).map(async (key) => images.update(imageOf('a', { labels }), [`labels.${key}`])),
      )
      assertImage(await images.get('a'), imageOf('a', { labels }))
    },
  },
]
