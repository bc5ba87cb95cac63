import { expect, test } from 'vitest'
import {
  isAttestationType,
  isConfigType,
  isDockerType,
  isEncryptedLayerType,
  isForeignLayerType,
  isIndexType,
  isLayerType,
  isManifestType,
  isSchema1Type,
  layerCompression,
  MANIFEST_MEDIA_TYPES,
  normalizeMediaType,
} from '../src/index.ts'
import vectors from './fixtures/media-types-vectors.json' with { type: 'json' }

test.each(vectors)('$MediaType is told apart', (row) => {
  expect(isLayerType(row.MediaType)).toBe(row.Layer)
  expect(isManifestType(row.MediaType)).toBe(row.Manifest)
  expect(isIndexType(row.MediaType)).toBe(row.Index)
  expect(isConfigType(row.MediaType)).toBe(row.Config)
  expect(isForeignLayerType(row.MediaType)).toBe(row.NonDistributable)
  expect(isAttestationType(row.MediaType)).toBe(row.Attestation)
  expect(isDockerType(row.MediaType)).toBe(row.Docker)
  expect(isEncryptedLayerType(row.MediaType)).toBe(row.MediaType.endsWith('+encrypted'))
})

test.each([
  ['application/vnd.docker.image.rootfs.diff.tar', 'none'],
  ['application/vnd.docker.image.rootfs.diff.tar.gzip', 'gzip'],
  ['application/vnd.docker.image.rootfs.diff.tar.zstd', 'zstd'],
  ['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', 'gzip'],
  ['application/vnd.oci.image.layer.v1.tar', 'none'],
  ['application/vnd.oci.image.layer.v1.tar+gzip', 'gzip'],
  ['application/vnd.oci.image.layer.v1.tar+zstd', 'zstd'],
  ['application/vnd.oci.image.layer.nondistributable.v1.tar+zstd', 'zstd'],
  ['application/vnd.oci.image.layer.v1.tar+lz4', undefined],
  // Not to be recompressed: the bytes are a cipher's.
  ['application/vnd.oci.image.layer.v1.tar+gzip+encrypted', undefined],
  ['application/vnd.oci.image.layer.v2.foo', undefined],
  ['application/vnd.erofs.layer.v1', undefined],
  ['application/octet-stream', undefined],
  ['', undefined],
])('the compression of %s is %s', (mediaType, compression) => {
  expect(layerCompression(mediaType)).toBe(compression)
})

test('parameters, white space and case are no part of a type', () => {
  expect(normalizeMediaType(' Application/JSON ; charset=utf-8')).toBe('application/json')
  expect(isIndexType('application/vnd.oci.image.index.v1+json; charset=utf-8')).toBe(true)
})

test('OCI comes first in what is asked for, and schema 1 is known but not asked for', () => {
  expect(MANIFEST_MEDIA_TYPES[0]).toBe('application/vnd.oci.image.manifest.v1+json')
  expect(MANIFEST_MEDIA_TYPES).toHaveLength(4)
  expect(MANIFEST_MEDIA_TYPES.some(isSchema1Type)).toBe(false)
  expect(isSchema1Type('application/vnd.docker.distribution.manifest.v1+prettyjws')).toBe(true)
})
