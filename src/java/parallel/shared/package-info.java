/**
 * Shared arrays, and the locks, barriers, latches and counters that are made of shared memory.
 *
 * <p>One file in memory (or on disk) is mapped by every process that an array was sent to. What is sent is a reference
 * with a ticket; the file is kept until the reference has arrived. Begin with {@link parallel.shared.SharedArrays} and
 * {@link parallel.shared.ArrayHandle}, then {@code References} and {@code Mappings}. The files:
 *
 * <pre>
 *   arrays      SharedArrays      makes shared arrays
 *               DiskArrays        arrays in files on disk
 *               ArrayHandle       an array, or a view of one
 *               Elements          its elements, one at a time
 *               Kind              the eight kinds of elements
 *               Shapes            dimensions, row-major
 *               Slices            parts of a buffer, in this machine's byte order
 *               HandleFactory     makes handles: plain ones, or Clojure's
 *   file        SharedFile        the file of an array: what transport maps, and which array it is
 *               Layout            the offsets of a file in memory
 *               FileHeader        its header, written by the maker and checked by all others
 *               Identity          which array it is, in the whole session
 *               Budget            how many bytes this process may have, and whether the system has them
 *   mapping     Mapping           a file as this process maps it, once for all its views
 *               Mappings          all of this process, and the thread that unmaps what nobody needs
 *               Memory            the maps themselves, and who may unmap them
 *               Lease             what a mapping has of the system, until nobody reaches its buffers
 *   sending     SharedExtension   how it is written and read, as an extension of the codec
 *               SentByReference   what is sent as a reference
 *               References        what a reference says
 *               Tickets           which references have not arrived, in the file's header
 *               RetainedFiles     files kept open for references on their way
 *               HandoverAtExit    arrays that a worker leaves to its parent when it ends
 *   locks       Primitives        makes locks, barriers, latches and counters
 *               SyncCells         the words that they are made of
 *               LockCells         a lock
 *               BarrierCells      a barrier
 *               LatchCells        a latch
 *               CounterCells      a counter
 *               SharedObjects     what of all this is mapped here, for who looks
 *               Parties           who takes part in a barrier or latch, and who of them has died
 *               Backoff           how a thread waits for a word of shared memory
 * </pre>
 *
 * <p>May know: api, runtime, control, codec, process, and of transport MappedFile alone.
 */
package parallel.shared;
