package dev.lockstep.spark.storage;

import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 and length of what is written or read through it. Belongs to one thread. */
public final class Digest {
  private final MessageDigest sha256;
  private long bytes;

  /** A digest of nothing yet. */
  public Digest() {
    try {
      sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** The SHA-256 of {@code content} alone, as {@link #sha256}. */
  static String of(byte[] content) {
    Digest digest = new Digest();
    digest.add(content, 0, content.length);
    return digest.sha256();
  }

  /** The SHA-256 of {@code text} in UTF-8, as {@link #sha256}. */
  public static String of(String text) {
    return of(text.getBytes(StandardCharsets.UTF_8));
  }

  /** How many bytes there were. */
  public long bytes() {
    return bytes;
  }

  /** The SHA-256 of all of them, as 64 hexadecimal digits; begins anew. */
  public String sha256() {
    return HexFormat.of().formatHex(sha256.digest());
  }

  private void add(byte[] content, int from, int length) {
    sha256.update(content, from, length);
    bytes += length;
  }

  /** Writes to {@code out} what is written to it. */
  public OutputStream over(OutputStream out) {
    return new FilterOutputStream(out) {
      @Override
      public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
      }

      @Override
      public void write(byte[] content, int from, int length) throws IOException {
        out.write(content, from, length);
        add(content, from, length);
      }
    };
  }

  /** Reads from {@code in} what is read from it. */
  InputStream over(InputStream in) {
    return new FilterInputStream(in) {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
      }

      @Override
      public int read(byte[] content, int from, int length) throws IOException {
        int count = in.read(content, from, length);
        if (count > 0) {
          add(content, from, count);
        }
        return count;
      }

      @Override
      public long skip(long count) {
        throw new UnsupportedOperationException("what is skipped is not counted");
      }
    };
  }
}
