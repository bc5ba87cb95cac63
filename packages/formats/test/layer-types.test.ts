import { expect, test } from 'vitest'
import {
  DOCKER_CONFIG,
  DOCKER_FOREIGN_LAYER_GZIP,
  DOCKER_FOREIGN_LAYER_TAR,
  DOCKER_LAYER_GZIP,
  DOCKER_LAYER_TAR,
  DOCKER_LAYER_ZSTD,
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  DOCKER_SCHEMA1,
  dockerTypeOf,
  layerCompression,
  layerTypeWith,
  OCI_CONFIG,
  OCI_EMPTY,
  OCI_FOREIGN_LAYER_GZIP,
  OCI_FOREIGN_LAYER_TAR,
  OCI_FOREIGN_LAYER_ZSTD,
  OCI_INDEX,
  OCI_LAYER_GZIP,
  OCI_LAYER_TAR,
  OCI_LAYER_ZSTD,
  OCI_MANIFEST,
  ociTypeOf,
} from '../src/index.ts'

const PAIRS = [
  [OCI_MANIFEST, DOCKER_MANIFEST],
  [OCI_INDEX, DOCKER_MANIFEST_LIST],
  [OCI_CONFIG, DOCKER_CONFIG],
  [OCI_LAYER_TAR, DOCKER_LAYER_TAR],
  [OCI_LAYER_GZIP, DOCKER_LAYER_GZIP],
  [OCI_FOREIGN_LAYER_TAR, DOCKER_FOREIGN_LAYER_TAR],
  [OCI_FOREIGN_LAYER_GZIP, DOCKER_FOREIGN_LAYER_GZIP],
] as const

test.each(PAIRS)('%s is %s', (oci, docker) => {
  expect(dockerTypeOf(oci)).toBe(docker)
  expect(ociTypeOf(docker)).toBe(oci)
  expect(dockerTypeOf(` ${oci.toUpperCase()}; a=b`)).toBe(docker)
  expect(dockerTypeOf(docker)).toBeUndefined()
  expect(ociTypeOf(oci)).toBeUndefined()
})

test('zstd has an OCI name alone; what is no part of an image has no other', () => {
  expect(ociTypeOf(DOCKER_LAYER_ZSTD)).toBe(OCI_LAYER_ZSTD)
  for (const type of [OCI_LAYER_ZSTD, OCI_FOREIGN_LAYER_ZSTD, `${OCI_LAYER_GZIP}+encrypted`, OCI_EMPTY, '', 'x/y']) {
    expect(dockerTypeOf(type)).toBeUndefined()
  }
  for (const type of [DOCKER_SCHEMA1, `${DOCKER_LAYER_GZIP}+encrypted`, '']) expect(ociTypeOf(type)).toBeUndefined()
})

test.each([
  [OCI_LAYER_TAR, OCI_LAYER_GZIP, OCI_LAYER_ZSTD],
  [OCI_FOREIGN_LAYER_TAR, OCI_FOREIGN_LAYER_GZIP, OCI_FOREIGN_LAYER_ZSTD],
  [DOCKER_LAYER_TAR, DOCKER_LAYER_GZIP, undefined],
  [DOCKER_FOREIGN_LAYER_TAR, DOCKER_FOREIGN_LAYER_GZIP, undefined],
])('%s in other compressions', (none, gzip, zstd) => {
  for (const type of [none, gzip, zstd ?? none]) {
    expect(layerTypeWith(type, 'none')).toBe(none)
    expect(layerTypeWith(type, 'gzip')).toBe(gzip)
    expect(layerTypeWith(type, 'zstd')).toBe(zstd)
  }
  expect(layerCompression(none)).toBe('none')
  expect(layerCompression(gzip)).toBe('gzip')
})

test('Docker’s zstd can be left, and what is no plain layer has no other compression', () => {
  expect(layerTypeWith(DOCKER_LAYER_ZSTD, 'gzip')).toBe(DOCKER_LAYER_GZIP)
  for (const type of [`${OCI_LAYER_TAR}+encrypted`, OCI_CONFIG, 'x/y', '']) {
    expect(layerTypeWith(type, 'gzip')).toBeUndefined()
  }
})
