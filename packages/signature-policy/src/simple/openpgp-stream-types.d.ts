// The types of openpgp name this package, which it does not depend on; streams are not used here.
declare module '@openpgp/web-stream-tools' {
  export type WebStream<T> = ReadableStream<T>
  export type NodeWebStream<T> = ReadableStream<T>
}
