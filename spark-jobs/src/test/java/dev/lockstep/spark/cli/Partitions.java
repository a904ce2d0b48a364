package dev.lockstep.spark.cli;

import dev.lockstep.data.Examples;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;

/** Examples dealt into dated partitions of IDX files. */
public record Partitions(Path directory) {
  /** Writes {@code examples} as the partition of {@code day}, in place of the one there may be. */
  public Path write(LocalDate day, Examples examples) throws IOException {
    Path partition = Files.createDirectories(partition(day));
    try (DataOutputStream images = open(partition.resolve("images-idx3-ubyte"));
        DataOutputStream labels = open(partition.resolve("labels-idx1-ubyte"))) {
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
    return partition;
  }

  /** Where the partition of {@code day} lies. */
  public Path partition(LocalDate day) {
    return directory.resolve("dt=" + day);
  }

  private static DataOutputStream open(Path file) throws IOException {
    return new DataOutputStream(new java.io.BufferedOutputStream(Files.newOutputStream(file)));
  }
}
