// Reading at any place
export { bytesAccess } from './access/random-access.ts'
export type { RandomAccess } from './access/random-access.ts'
export { openFile } from './access/open-file.ts'

// Reading tar
export { indexTar } from './tar/index-tar.ts'
export type { IndexTarOptions, TarIndex } from './tar/index-tar.ts'
export { readTar } from './tar/read-tar.ts'
export type { ReadTarOptions, TarMember } from './tar/read-tar.ts'
export type { SparsePiece, TarDevice, TarEntry, TarEntryType } from './tar/entry.ts'
export type { TarReadOptions } from './tar/limits.ts'

// Members of an archive
export { cleanPath } from './members/clean-path.ts'
export type { CleanPathOptions } from './members/clean-path.ts'
export { findFile } from './members/find-file.ts'
export { openEntry } from './members/open-entry.ts'
export type { OpenEntryOptions } from './members/open-entry.ts'
export { archiveKind } from './archive-kind.ts'
export type { ArchiveKind } from './archive-kind.ts'

// Writing tar
export { writeTar } from './write/write-tar.ts'
export { bytesInTar, encodeTarHeader, END_OF_TAR_BYTES } from './write/encode-header.ts'
export type { TarHeaderInput, TarInput } from './write/tar-input.ts'

// The root filesystem of an image
export { readRootTree } from './rootfs/read-root-tree.ts'
export type { ReadRootTreeOptions } from './rootfs/read-root-tree.ts'
export type { RootLayer } from './rootfs/read-layer.ts'
export { findRootNode, isImplied, walkRootTree } from './rootfs/root-tree.ts'
export type { ChangeKind, LayerChanges, RootInode, RootNode, RootPath, RootTree } from './rootfs/root-tree.ts'
export { flattenRootTree } from './rootfs/flatten.ts'
export { diffRootTrees, layerReports } from './rootfs/compare.ts'
export type { LayerReport, RootDifference, RootField } from './rootfs/compare.ts'
