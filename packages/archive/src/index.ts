// Reading at any place
export { bytesAccess } from './access/random-access.ts'
export type { RandomAccess } from './access/random-access.ts'
export { openFile } from './access/open-file.ts'
export { compressionAt, createReader, readAccess } from './access/read-access.ts'
export type { ReadAccessOptions } from './access/read-access.ts'
export { spool } from './files/spool.ts'
export type { SpoolOptions } from './files/spool.ts'

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
export { beginsAsAci } from './begins-as-aci.ts'

// Writing tar
export { writeTar } from './write/write-tar.ts'
export { bytesInTar, encodeTarHeader, END_OF_TAR_BYTES } from './write/encode-header.ts'
export { toBlocks } from './tar/fields.ts'
export type { TarHeaderInput, TarInput } from './write/tar-input.ts'

// Image archives
export { indexArchive, openArchive, unpack, unpacking } from './image-archive/open-archive.ts'
export type { ArchiveFile, OpenArchiveOptions, UnpackingOptions } from './image-archive/open-archive.ts'
export { archiveReadChecks, resolveReadOptions } from './image-archive/read-options.ts'
export type { ArchiveReadOptions, ResolvedReadOptions } from './image-archive/read-options.ts'
export { createArchiveWriter } from './image-archive/archive-writer.ts'
export { checkTarget } from './image-archive/target-file.ts'
export type { ArchiveWriterOptions } from './image-archive/archive-writer.ts'
export { createStreamWriter } from './image-archive/stream-writer.ts'
export type { StreamWriterOptions } from './image-archive/stream-writer.ts'
export type { ByteSink } from './image-archive/byte-sink.ts'
export type { ArchivedBlob, MemberWriter, SmallMember } from './image-archive/member-writer.ts'
export { receive } from './image-archive/arrival.ts'
export type { Arrival, Arrived } from './image-archive/arrival.ts'

// What docker save writes
export { dockerArchiveNames, openDockerArchive } from './docker-archive/source.ts'
export type { OpenDockerArchiveOptions } from './docker-archive/source.ts'
export { createDockerArchiveDestination } from './docker-archive/destination.ts'
export type { DockerArchiveDestinationOptions } from './docker-archive/destination.ts'
export { layerHeader } from './docker-archive/legacy.ts'
export { readImages } from './docker-archive/load-image.ts'
export { withTag } from './docker-archive/manifest-file.ts'
export type { DockerArchiveSelection, ListedImage } from './docker-archive/manifest-file.ts'

// OCI image layouts in archives
export { createLayoutSource, ociArchiveNames, openOciArchive } from './oci-archive/source.ts'
export type { LayoutSourceOptions, OpenOciArchiveOptions } from './oci-archive/source.ts'
export { blobPath, INDEX_FILE, manifestReader, MARKER_FILE, readLayout } from './oci-archive/layout.ts'
export type { ArchivedLayout } from './oci-archive/layout.ts'

// App Container Images
export { openAci } from './aci/open-aci.ts'
export type { AciArchive } from './aci/open-aci.ts'
export type { AciLayout } from './aci/layout.ts'
export { loadAciTree } from './aci/tree.ts'
export type { AciTree, FindDependency, LoadTreeOptions } from './aci/tree.ts'
export { renderAci } from './aci/render.ts'
export type { RenderedImage } from './aci/render.ts'
export { createAciSource, isAciSource } from './aci/source.ts'
export type { AciSource, AciSourceOptions } from './aci/source.ts'
export { detachedSignature, isDetachedSignature } from './aci/detached-signature.ts'
export type { DetachedSignature, PublishedArchive } from './aci/detached-signature.ts'
export { createAciDestination } from './aci/destination.ts'
export type { AciDestinationOptions } from './aci/destination.ts'
export type { ArchiveTarget } from './aci/write-archive.ts'

// The root filesystem of an image
export { readRootTree } from './rootfs/read-root-tree.ts'
export type { ReadRootTreeOptions } from './rootfs/read-root-tree.ts'
export type { RootLayer } from './rootfs/read-layer.ts'
export { findRootNode, isImplied, walkRootTree } from './rootfs/root-tree.ts'
export type { ChangeKind, LayerChanges, RootInode, RootNode, RootPath, RootTree } from './rootfs/root-tree.ts'
export { flattenRootTree } from './rootfs/flatten.ts'
export { diffRootTrees, layerReports } from './rootfs/compare.ts'
export type { LayerReport, RootDifference, RootField } from './rootfs/compare.ts'
