package dev.lockstep.data;

import dev.lockstep.yaml.ConfigurationException;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.zip.ZipException;

/** Reads one IDX file, once, from its beginning to its end. Belongs to one thread. */
final class IdxReader {
  /** The most numbers one image may have: what may be allocated before its bytes have arrived. */
  static final int LARGEST_IMAGE = 1 << 24;

  private static final int LABELS = 0x801;
  private static final int IMAGES = 0x803;
  private static final int IMAGES_WITH_CHANNELS = 0x804;

  /** {@code PAR1}. */
  private static final int PARQUET = 0x50415231;

  private static final int BUFFER = 1 << 16;

  /** Free heap is looked at each time so many bytes more have been taken. */
  private static final long HEAP_CHECK = 1 << 23;

  /** What an array takes beside its bytes, with its place in a list. */
  private static final int ARRAY_HEADER = 24;

  private final String file;
  private final InputStream in;
  private final boolean transposed;

  /**
   * The content {@code in} of the file that errors call {@code file}; the caller closes it.
   *
   * @param transposed whether images are written column by column
   * @throws ConfigurationException if the file begins like gzip but is not
   */
  IdxReader(String file, InputStream in, boolean transposed) throws IOException {
    this.file = file;
    this.transposed = transposed;
    BufferedInputStream buffered = new BufferedInputStream(in, BUFFER);
    this.in = isGzip(buffered) ? gunzip(buffered) : buffered;
  }

  private static boolean isGzip(BufferedInputStream in) throws IOException {
    in.mark(2);
    boolean gzip = in.read() == 0x1F && in.read() == 0x8B;
    in.reset();
    return gzip;
  }

  private InputStream gunzip(InputStream compressed) throws IOException {
    try {
      return new Gunzip(compressed, BUFFER);
    } catch (ZipException | EOFException e) {
      throw brokenGzip(e);
    }
  }

  /** All images; an image with channels comes channel last in the file and first in memory. */
  Images images() throws IOException {
    Header header = imagesHeader();
    Shape shape = header.shape();
    return new Images(shape, ofEach(header, "", shape.size(), image -> image));
  }

  /** The outline of {@link #images}: of each its digest, and one image at a time, is in memory. */
  Outline outline() throws IOException {
    Header header = imagesHeader();
    return new Outline(
        header.shape(), ofEach(header, "the digests of ", Outline.DIGEST, Images::digest));
  }

  /**
   * What is {@code kept} of each image, to the end of the file.
   *
   * @param what this is, for errors
   * @param bytes of each
   */
  private byte[][] ofEach(Header header, String what, int bytes, UnaryOperator<byte[]> kept)
      throws IOException {
    List<byte[]> all = new ArrayList<>();
    long unchecked = 0;
    for (int i = 0; i < header.count(); i++) {
      unchecked += bytes + ARRAY_HEADER;
      if (unchecked >= HEAP_CHECK) {
        requireHeap(all.size(), header, what);
        unchecked = 0;
      }
      all.add(kept.apply(image(i, header)));
    }
    requireEnd(header);
    return all.toArray(byte[][]::new);
  }

  /** What a file of images says of itself. */
  private record Header(int count, Shape shape) {}

  private Header imagesHeader() throws IOException {
    int magic = field("magic number");
    if (magic != IMAGES && (transposed || magic != IMAGES_WITH_CHANNELS)) {
      throw wrongMagic(
          magic,
          transposed
              ? "0x00000803 (images: N, width, height)"
              : "0x00000803 (images: N, height, width) or 0x00000804 (N, height, width, channels)");
    }
    int count = dimension("number of images");
    int first = dimension(transposed ? "width" : "height");
    int second = dimension(transposed ? "height" : "width");
    int channels = magic == IMAGES_WITH_CHANNELS ? dimension("channels") : 1;
    return new Header(
        count, transposed ? shape(second, first, channels) : shape(first, second, channels));
  }

  /**
   * The classes, from 0, of {@code images} images that were read from {@code imagesFile}.
   *
   * @param first the label of the first class
   */
  byte[] labels(int images, String imagesFile, int first) throws IOException {
    int magic = field("magic number");
    if (magic != LABELS) {
      throw wrongMagic(magic, "0x00000801 (labels: N)");
    }
    int count = dimension("number of labels");
    if (count != images) {
      throw wrong(
          "number of labels",
          count,
          "%d, the number of images in %s".formatted(images, imagesFile));
    }
    byte[] labels = new byte[count];
    int arrived = read(labels);
    if (arrived < count) {
      throw new ConfigurationException(
          "%s: ends after label %d but must have %d labels, as its header says"
              .formatted(file, arrived, count));
    }
    requireEnd("%d labels".formatted(count), count);
    for (int i = 0; i < count; i++) {
      int label = labels[i] & 0xFF;
      if (label < first) {
        throw wrong("label %d (from 0)".formatted(i), label, "at least " + first);
      }
      labels[i] = (byte) (label - first);
    }
    return labels;
  }

  private int field(String name) throws IOException {
    byte[] bytes = new byte[4];
    int arrived = read(bytes);
    if (arrived < bytes.length) {
      throw new ConfigurationException(
          "%s: the header ends in its field '%s', after %d of 4 bytes"
              .formatted(file, name, arrived));
    }
    return (bytes[0] & 0xFF) << 24
        | (bytes[1] & 0xFF) << 16
        | (bytes[2] & 0xFF) << 8
        | bytes[3] & 0xFF;
  }

  private int dimension(String name) throws IOException {
    int size = field(name);
    if (size <= 0) {
      throw wrong(name, size, "from 1 to " + Integer.MAX_VALUE);
    }
    return size;
  }

  private Shape shape(int height, int width, int channels) {
    long plane = (long) height * width;
    if (plane > LARGEST_IMAGE || plane * channels > LARGEST_IMAGE) {
      throw wrong(
          "size of an image",
          "height %d x width %d x channels %d".formatted(height, width, channels),
          "at most %d numbers".formatted(LARGEST_IMAGE));
    }
    return new Shape(height, width, channels);
  }

  private byte[] image(int i, Header header) throws IOException {
    byte[] image = new byte[header.shape().size()];
    int arrived = read(image);
    if (arrived < image.length) {
      throw new ConfigurationException(
          "%s: ends in image %d (from 0), after %d of its %d bytes,"
                  .formatted(file, i, arrived, image.length)
              + " but must have %d images of %s, as its header says"
                  .formatted(header.count(), header.shape()));
    }
    return arranged(image, header.shape());
  }

  /** As images lie in memory: channel, row, column. */
  private byte[] arranged(byte[] written, Shape shape) {
    if (transposed) {
      return upright(written, shape);
    }
    return shape.channels() == 1 ? written : channelFirst(written, shape);
  }

  private static byte[] upright(byte[] columns, Shape shape) {
    byte[] image = new byte[columns.length];
    for (int row = 0; row < shape.height(); row++) {
      for (int column = 0; column < shape.width(); column++) {
        image[row * shape.width() + column] = columns[column * shape.height() + row];
      }
    }
    return image;
  }

  private static byte[] channelFirst(byte[] channelLast, Shape shape) {
    int channels = shape.channels();
    int plane = shape.height() * shape.width();
    byte[] image = new byte[channelLast.length];
    for (int p = 0; p < plane; p++) {
      for (int c = 0; c < channels; c++) {
        image[c * plane + p] = channelLast[p * channels + c];
      }
    }
    return image;
  }

  /** Reads until {@code target} is full or the file ends; how many bytes arrived. */
  private int read(byte[] target) throws IOException {
    try {
      int arrived = in.readNBytes(target, 0, target.length);
      if (arrived < target.length && in instanceof Gunzip gzip && gzip.isFollowedByOtherBytes()) {
        throw new ConfigurationException(
            file + ": has bytes after the end of its gzip data; copy or download it again");
      }
      return arrived;
    } catch (ZipException | EOFException e) {
      throw brokenGzip(e);
    }
  }

  private void requireEnd(Header header) throws IOException {
    requireEnd(
        "%d images of %s".formatted(header.count(), header.shape()),
        (long) header.count() * header.shape().size());
  }

  private void requireEnd(String content, long bytes) throws IOException {
    if (read(new byte[1]) > 0) {
      throw new ConfigurationException(
          "%s: has more bytes after its header than %d (%s), as its header says"
              .formatted(file, bytes, content));
    }
  }

  /**
   * Fails before the heap does: there must be room for the next bytes to be taken before the next
   * check, and for the list to grow.
   */
  private void requireHeap(int images, Header header, String what) {
    long needed = 2 * HEAP_CHECK + 2L * header.shape().size() + 16L * images;
    if (!FreeHeap.has(needed)) {
      throw new ConfigurationException(
          "%s: %s%d images of %s, as its header says, do not fit into the Java heap of %d MB:"
                  .formatted(file, what, header.count(), header.shape(), FreeHeap.megabytes())
              + " it was full after %d; give the process more memory".formatted(images));
    }
  }

  private ConfigurationException wrongMagic(int magic, String expected) {
    String hint =
        switch (magic) {
          case LABELS -> " (labels)";
          case IMAGES, IMAGES_WITH_CHANNELS -> " (images)";
          case PARQUET -> " (Parquet, which is written {parquet: <path>})";
          default -> "";
        };
    return wrong("magic number", "0x%08X%s".formatted(magic, hint), expected);
  }

  private ConfigurationException wrong(String field, Object found, String expected) {
    return new ConfigurationException(
        "%s: %s is %s but must be %s".formatted(file, field, found, expected));
  }

  private ConfigurationException brokenGzip(IOException e) {
    return new ConfigurationException(
        "%s: begins like gzip but is not whole: %s; copy or download it again"
            .formatted(file, e.getMessage()),
        e);
  }
}
