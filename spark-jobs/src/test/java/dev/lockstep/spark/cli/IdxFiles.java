package dev.lockstep.spark.cli;

import dev.lockstep.data.Examples;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Images of one channel as files of IDX. */
final class IdxFiles {
  private IdxFiles() {}

  /** Writes {@code examples} to two files of {@code directory} whose names begin so. */
  static void write(Path directory, String prefix, Examples examples) throws IOException {
    try (DataOutputStream images = open(directory.resolve(prefix + "images-idx3-ubyte"));
        DataOutputStream labels = open(directory.resolve(prefix + "labels-idx1-ubyte"))) {
      images.writeInt(0x803);
      images.writeInt(examples.size());
      images.writeInt(examples.shape().height());
      images.writeInt(examples.shape().width());
      labels.writeInt(0x801);
      labels.writeInt(examples.size());
      float[] pixels = new float[examples.shape().size()];
      byte[] image = new byte[pixels.length];
      for (int i = 0; i < examples.size(); i++) {
        examples.copy(i, pixels, 0);
        for (int p = 0; p < pixels.length; p++) {
          image[p] = (byte) Math.round(pixels[p] * 255);
        }
        images.write(image);
        labels.write(examples.label(i));
      }
    }
  }

  private static DataOutputStream open(Path file) throws IOException {
    return new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(file)));
  }
}
