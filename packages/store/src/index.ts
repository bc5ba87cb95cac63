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
  Store,
  VerifyOptions,
} from './store.ts'
export type { HttpRecord, HttpRecords, NewHttpRecord } from './http-records.ts'
export { openStore } from './open-store.ts'
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
