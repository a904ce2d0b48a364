package dev.lockstep.report;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * Writes records as TensorFlow frames them ({@code tensorflow/core/lib/io/record_writer.h}), all
 * little-endian: the length (8 bytes), the masked CRC32C of those 8 bytes, the data, and the masked
 * CRC32C of the data. Not thread-safe.
 */
final class TfRecords {
  private static final int MASK_DELTA = 0xa282ead8;

  private final OutputStream out;

  TfRecords(OutputStream out) {
    this.out = out;
  }

  void write(byte[] data) throws IOException {
    byte[] length =
        ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(data.length).array();
    out.write(length);
    out.write(maskedCrc(length));
    out.write(data);
    out.write(maskedCrc(data));
  }

  private static byte[] maskedCrc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    int masked = Integer.rotateRight((int) crc.getValue(), 15) + MASK_DELTA;
    return ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(masked).array();
  }
}
