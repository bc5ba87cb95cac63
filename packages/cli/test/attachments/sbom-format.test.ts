import { expect, test } from 'vitest'
import { formatOfMediaType, formatOfPredicate } from '../../src/attachments/sbom-format.ts'

test.each([
  ['application/spdx+json', 'spdx'],
  ['text/spdx', 'spdx'],
  ['text/spdx+json', 'spdx'],
  ['text/spdx+xml', 'spdx'],
  ['application/spdx+json; version=2.3', 'spdx'],
  ['application/vnd.cyclonedx+json', 'cyclonedx'],
  ['application/vnd.cyclonedx', 'cyclonedx'],
  ['application/vnd.cyclonedx+xml', 'cyclonedx'],
  ['application/vnd.syft+json', 'syft'],
  ['APPLICATION/SPDX+JSON', 'spdx'],
  ['application/spdxish', undefined],
  ['application/vnd.oci.image.layer.v1.tar', undefined],
  ['image/spdx', undefined],
  ['', undefined],
])('the media type %j is that of %s', (type, format) => {
  expect(formatOfMediaType(type)).toBe(format)
})

test.each([
  ['https://spdx.dev/Document', 'spdx'],
  ['https://spdx.dev/Document/v2.3', 'spdx'],
  ['https://cyclonedx.org/bom', 'cyclonedx'],
  ['https://cyclonedx.org/bom/v1.5', 'cyclonedx'],
  ['https://syft.dev/bom', 'syft'],
  ['https://slsa.dev/provenance/v1', undefined],
  ['https://spdx.dev.example.com/Document', undefined],
  ['https://spdx.dev/Documentary', undefined],
  ['http://spdx.dev/Document', undefined],
])('the predicate type %j is that of %s', (type, format) => {
  expect(formatOfPredicate(type)).toBe(format)
})
