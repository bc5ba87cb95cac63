export type {
  CommitIngestOptions,
  CommittedContent,
  ContentHandle,
  ContentInfo,
  ContentStore,
  Ingest,
  IngestStatus,
  OpenIngestOptions,
} from './contents.ts'
export type { DeleteImageOptions, ImageFieldPath, ImageNames, ImageRecord, NewImageRecord } from './image-names.ts'
export type { Labels } from './labels.ts'
export type { CreateLeaseOptions, Lease, LeaseResource, Leases } from './leases.ts'
export type {
  Collected,
  CollectOptions,
  ExpiredLease,
  Finding,
  ImageName,
  KeptBlobs,
  Pruned,
  PruneOptions,
  Store,
  VerifyOptions,
} from './store.ts'
export type { HttpRecord, HttpRecords, NewHttpRecord } from './http-records.ts'
export { openStore } from './open-store.ts'
export type { Clock } from './store-context.ts'
export type { OpenStoreOptions } from './open-store.ts'
export { defaultStoreFolder } from './store-folder.ts'
export type { DefaultStoreFolderOptions } from './store-folder.ts'
export { storeTransport } from './transport/transport.ts'
export type { StoreReference, StoreTransport } from './transport/transport.ts'
export type { StoreTransportOptions } from './transport/options.ts'
export { storeImageName } from './transport/reference.ts'
export { plugin } from './transport/plugin.ts'
export { namesInStore } from './names-in-store.ts'
export type { NamesInStore } from './names-in-store.ts'
export { loadArchive } from './cache/load-archive.ts'
export type { LoadArchiveOptions, LoadedImage } from './cache/load-archive.ts'
export { createImageCache } from './cache/image-cache.ts'
export type { ImageCache, InCacheOptions } from './cache/image-cache.ts'
export type { CacheCopyOptions, CopyImage, ImageCacheOptions } from './cache/cache-context.ts'
export type { CachedImage, CachedImageOptions, CachedTarOptions } from './cache/cached-image.ts'
export type { InRegistryOptions } from './cache/in-registry.ts'
export type { FindCompleteOptions, PulledImage, PullOptions } from './cache/pull.ts'
export type { PushedImage, PushOptions } from './cache/push.ts'
export type { SbomOptions, Statement } from './cache/sboms.ts'
export { appendIndex, mergeIndex } from './cache/merge-index.ts'
export { createPackageResolver } from './package-resolver/package-resolver.ts'
export type { PackageResolver, PackageResolvers, ResolvePackage } from './package-resolver/package-resolver.ts'
export { packageName } from './package-resolver/package-name.ts'
export type { PackageFacts } from './package-resolver/package-name.ts'
