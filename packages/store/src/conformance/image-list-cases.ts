import assert from 'node:assert/strict'
import type { ImageNames } from '../image-names.ts'
import { assertFails } from './assert-fails.ts'
import { assertImage, imageOf, type ImageNamesCase, namesOf, targetOf } from './image-steps.ts'

/** Filters, and which of four images match: 0 to 3, of which the even ones have the label `even`. */
const ROWS: readonly (readonly [filters: readonly string[], matching: string])[] = [
  [[], '0123'],
  [[''], '0123'],
  [['labels.even==yes'], '02'],
  [['labels.even'], '02'],
  [['labels.even!=yes'], '13'],
  [['labels.even==yes', 'labels.odd==yes'], '0123'],
  [['labels.even==yes,labels.odd==yes'], ''],
  [['name==image-0'], '0'],
  [['name==image-0', 'name==image-3'], '03'],
  [['name==image-0', 'labels.odd'], '013'],
  [['name!=image-0'], '123'],
  [['name~=image-[12]$'], '12'],
  [['labels.even==yes,name~=2'], '2'],
  [['target.mediatype~=^application/vnd\\.'], '0123'],
  [['target.mediatype==application/json'], ''],
  [[`target.digest==${targetOf('image-1').digest}`], '1'],
  [['labels."dotted.key/x"==1'], '1'],
  [['labels.dotted.key==2'], '2'],
  [['labels.quote=="\\""'], '3'],
  [['annotations.org.example.note==3'], '3'],
  [['annotations.org.example.note'], '3'],
  [['size==10'], ''],
  [['name.first'], ''],
  [['labels'], ''],
]

/** What cannot be read. The last is a pattern that is none, which containerd takes and matches with nothing. */
const WRONG = ['name=image-0', 'name===image-0', '!name', 'name==', ',', 'name==a ,name', 'labels.a/b==c', 'name~=[']

async function fill(images: ImageNames): Promise<void> {
  const extras = [{}, { 'dotted.key/x': '1' }, { 'dotted.key': '2' }, { quote: '"' }]
  for (const [index, extra] of extras.entries()) {
    const name = `image-${index}`
    const target = targetOf(name, index === 3 ? { annotations: { 'org.example.note': '3' } } : {})
    await images.create({ name, target, labels: { ...extra, [index % 2 === 0 ? 'even' : 'odd']: 'yes' } })
  }
}

export const imageListCases: readonly ImageNamesCase[] = [
  {
    id: 'list/filters',
    rule: 'those are listed that match one of the filters',
    async run({ images }) {
      await fill(images)
      for (const [filters, matching] of ROWS) {
        const expected = matching.split('').map((index) => `image-${index}`)
        assert.deepEqual(namesOf(await images.list(filters)), expected, JSON.stringify(filters))
      }
    },
  },
  {
    id: 'list/wrong-filter',
    rule: 'a filter that cannot be read is refused, whatever is there',
    async run({ images }) {
      for (const filter of WRONG) await assertFails('INVALID_DATA', filter, () => images.list(['name', filter]))
    },
  },
  {
    id: 'list/order',
    rule: 'names are ordered by their bytes',
    async run({ images }) {
      const ordered = ['A', 'B:1', 'a', 'a/b', 'b', 'é', '\uffee', '\u{1f600}']
      for (const name of ordered.toReversed()) await images.create(imageOf(name))
      assert.deepEqual(namesOf(await images.list()), ordered)
    },
  },
  {
    id: 'namespaces/apart',
    rule: 'a name in one namespace says nothing of the same name in another; one with nothing in it has no images',
    async run({ images, namespace }) {
      const other = namespace('other')
      assert.deepEqual(await other.list(), [])
      await images.create(imageOf('a'))
      await assertFails('NOT_FOUND', 'getting it from another', () => other.get('a'))
      await assertFails('NOT_FOUND', 'deleting it from another', () => other.delete('a'))
      await other.create(imageOf('a', { target: targetOf('b') }))
      await images.delete('a')
      assertImage(await other.get('a'), imageOf('a', { target: targetOf('b') }))
    },
  },
]
