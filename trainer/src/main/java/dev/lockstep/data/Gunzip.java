package dev.lockstep.data;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;

/**
 * Unpacks gzip, of one member or of several, and can tell whether other bytes follow the last,
 * which {@link GZIPInputStream} alone takes for the end without a word. Belongs to one thread.
 */
final class Gunzip extends GZIPInputStream {
  /** The sum and the length of a member's content, which stand behind its compressed data. */
  private static final int TRAILER = 8;

  /** Compressed bytes up to the end of those that the inflater was given last. */
  private long given;

  /**
   * What {@code compressed} holds.
   *
   * @throws java.util.zip.ZipException if it does not begin as gzip does
   */
  Gunzip(InputStream compressed, int buffer) throws IOException {
    super(new Counting(compressed), buffer);
  }

  @Override
  protected void fill() throws IOException {
    super.fill();
    given = compressed().count;
  }

  private Counting compressed() {
    return (Counting) in;
  }

  /** Whether there are bytes behind the last member, all of which must have been read. */
  boolean isFollowedByOtherBytes() throws IOException {
    long end = given - inf.getRemaining() + TRAILER;
    return compressed().count > end || in.read() >= 0;
  }

  /** Counts the bytes that were read. */
  private static final class Counting extends FilterInputStream {
    private long count;

    Counting(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      int read = super.read();
      count += read < 0 ? 0 : 1;
      return read;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int read = super.read(target, offset, length);
      count += Math.max(read, 0);
      return read;
    }
  }
}
