/**
 * Values to bytes and back: the built-in types, the bulk copy of arrays, and an SPI for others.
 *
 * <p>Begin with {@link parallel.codec.Codec}, then {@link parallel.codec.Encoder} and {@code Decoder}.
 * {@link parallel.codec.Tags} has the first byte of every value, {@code Writers} finds the writer of a class, and
 * {@link parallel.codec.Messages} chooses where an arriving message goes. Users add types with an
 * {@link parallel.codec.Extension}; Clojure's are a {@link parallel.codec.CodecModule}, found through
 * {@link parallel.codec.ByName}. {@code doc/design/codec.md} has the bytes and the reasons.
 *
 * <p>No class here trusts what it reads: a count is compared with the bytes that are left, a class is loaded without
 * being initialized.
 *
 * <p>May know: transport. Of it only {@code Payload}, {@code Assembly}, {@code Reader}, {@code Abandonable} and
 * {@code Agrona}.
 */
package parallel.codec;
