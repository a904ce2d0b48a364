package dev.lockstep.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.yaml.ConfigurationException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Whatever becomes of a file on its way, it is refused or its content is what was written. */
class IdxDamageTest {
  private static final byte[] IMAGES = IdxFile.images(4, 3, 2);
  private static final byte[] WITH_CHANNELS =
      IdxFile.of(new int[] {0x804, 2, 2, 2, 3}, IdxFile.counting(24));
  private static final byte[] LABELS = IdxFile.labels(3, 1, 0, 2);

  /** Changes bytes (place, new value), then cuts off or appends. */
  record Damage(List<int[]> changes, int growth) {
    byte[] applied(byte[] file) {
      byte[] damaged = file.clone();
      for (int[] change : changes) {
        damaged[change[0] % file.length] = (byte) change[1];
      }
      return Arrays.copyOf(damaged, Math.max(0, file.length + growth));
    }
  }

  @Provide
  Arbitrary<Damage> damages() {
    Arbitrary<int[]> changes =
        Combinators.combine(
                Arbitraries.oneOf(
                    Arbitraries.integers().between(0, 20), Arbitraries.integers().between(0, 200)),
                Arbitraries.integers().between(0, 255))
            .as((place, value) -> new int[] {place, value});
    return Combinators.combine(
            changes.list().ofMaxSize(4),
            Arbitraries.frequencyOf(
                net.jqwik.api.Tuple.of(2, Arbitraries.just(0)),
                net.jqwik.api.Tuple.of(1, Arbitraries.integers().between(-80, 20))))
        .as(Damage::new);
  }

  @Property(tries = 2000)
  void damagedImagesAreRefusedOrReadAsTheyStand(@ForAll("damages") Damage damage) {
    byte[] file = damage.applied(IMAGES);

    assertThat(readImages(file)).isEqualTo(isGzip(file) ? Optional.empty() : standing(file));
  }

  @Property(tries = 2000)
  void damagedImagesWithChannelsAreRefusedOrReadAsTheyStand(@ForAll("damages") Damage damage) {
    byte[] file = damage.applied(WITH_CHANNELS);

    assertThat(readImages(file)).isEqualTo(isGzip(file) ? Optional.empty() : standing(file));
  }

  @Property(tries = 2000)
  void damagedGzipIsRefusedOrGivesTheOriginal(@ForAll("damages") Damage damage) {
    assertThat(readImages(damage.applied(IdxFile.gzip(IMAGES))))
        .isIn(Optional.empty(), standing(IMAGES));
  }

  @Property(tries = 2000)
  void damagedLabelsAreRefusedOrReadAsTheyStand(@ForAll("damages") Damage damage) {
    byte[] file = damage.applied(LABELS);
    boolean valid = file.length == 12 && Arrays.equals(file, 0, 8, LABELS, 0, 8);
    for (int i = 8; valid && i < 12; i++) {
      valid = (file[i] & 0xFF) < 5;
    }

    Optional<Examples> read = readLabels(file);

    assertThat(read.isPresent()).isEqualTo(valid);
    read.ifPresent(
        examples -> {
          for (int i = 0; i < 4; i++) {
            assertThat(examples.label(i)).isEqualTo(file[8 + i]);
          }
        });
  }

  private static Optional<List<Object>> readImages(byte[] file) {
    try {
      Images images = IdxFile.directory(Map.of("images", file)).images("images");
      float[] numbers = new float[images.size() * images.shape().size()];
      for (int i = 0; i < images.size(); i++) {
        images.copy(i, numbers, i * images.shape().size());
      }
      return Optional.of(content(images.size(), images.shape(), numbers));
    } catch (ConfigurationException e) {
      assertThat(e).hasMessageStartingWith("digits/images: ");
      return Optional.empty();
    }
  }

  private static Optional<Examples> readLabels(byte[] file) {
    try {
      return Optional.of(
          IdxFile.directory(Map.of("images", IMAGES, "labels", file))
              .examples("images", "labels", 5));
    } catch (ConfigurationException e) {
      assertThat(e).hasMessageStartingWith("digits/labels: ");
      return Optional.empty();
    }
  }

  /** What a plain file says by the format's definition, if it is a valid one. */
  private static Optional<List<Object>> standing(byte[] file) {
    ByteBuffer buffer = ByteBuffer.wrap(file);
    if (file.length < 16) {
      return Optional.empty();
    }
    int magic = buffer.getInt();
    if (magic != 0x803 && (magic != 0x804 || file.length < 20)) {
      return Optional.empty();
    }
    int[] sizes = {buffer.getInt(), buffer.getInt(), buffer.getInt(), 1};
    if (magic == 0x804) {
      sizes[3] = buffer.getInt();
    }
    double product = 1;
    for (int size : sizes) {
      if (size <= 0) {
        return Optional.empty();
      }
      product *= size;
    }
    if (product != buffer.remaining()) {
      return Optional.empty();
    }
    int plane = sizes[1] * sizes[2];
    float[] numbers = new float[buffer.remaining()];
    for (int image = 0; image < sizes[0]; image++) {
      for (int pixel = 0; pixel < plane; pixel++) {
        for (int channel = 0; channel < sizes[3]; channel++) {
          numbers[(image * sizes[3] + channel) * plane + pixel] = (buffer.get() & 0xFF) / 255f;
        }
      }
    }
    return Optional.of(content(sizes[0], new Shape(sizes[1], sizes[2], sizes[3]), numbers));
  }

  private static List<Object> content(int count, Shape shape, float[] numbers) {
    return List.of(count, shape, Arrays.toString(numbers));
  }

  private static boolean isGzip(byte[] file) {
    return file.length > 1 && file[0] == 0x1F && (file[1] & 0xFF) == 0x8B;
  }
}
