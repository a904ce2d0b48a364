package dev.lockstep.data;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;

/** Writes IDX files for tests, valid ones and others. */
final class IdxFile {
  private IdxFile() {}

  /** A header of {@code fields} followed by {@code content}. */
  static byte[] of(int[] fields, byte... content) {
    ByteBuffer file = ByteBuffer.allocate(4 * fields.length + content.length);
    for (int field : fields) {
      file.putInt(field);
    }
    return file.put(content).array();
  }

  /** {@code count} images of {@code height} x {@code width} whose bytes count up from 0. */
  static byte[] images(int count, int height, int width) {
    return of(new int[] {0x803, count, height, width}, counting(count * height * width));
  }

  /** The labels of as many images. */
  static byte[] labels(int... labels) {
    byte[] content = new byte[labels.length];
    for (int i = 0; i < labels.length; i++) {
      content[i] = (byte) labels[i];
    }
    return of(new int[] {0x801, labels.length}, content);
  }

  /** Bytes 0, 1, 2 and so on. */
  static byte[] counting(int size) {
    byte[] bytes = new byte[size];
    for (int i = 0; i < size; i++) {
      bytes[i] = (byte) i;
    }
    return bytes;
  }

  static byte[] gzip(byte[] plain) {
    ByteArrayOutputStream compressed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(compressed)) {
      gzip.write(plain);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return compressed.toByteArray();
  }

  /** The directory {@code digits} with {@code files}. */
  static IdxDirectory directory(Map<String, byte[]> files) {
    return new IdxDirectory(
        "digits", name -> Optional.ofNullable(files.get(name)).map(ByteArrayInputStream::new));
  }
}
