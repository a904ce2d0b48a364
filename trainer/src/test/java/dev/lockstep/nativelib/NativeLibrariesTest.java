package dev.lockstep.nativelib;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.jna.Platform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class NativeLibrariesTest {
  @Test
  void aProcessorGetsTheWidestKernelsThatItCanRun() {
    String avx512 = "flags\t\t: fpu avx2 fma avx512f avx512dq avx512cd avx512bw avx512vl";
    assertThat(NativeLibraries.core(Stream.of("vendor_id\t: X", avx512))).contains("SkylakeX");
    assertThat(NativeLibraries.core(Stream.of("flags : fpu avx2 fma avx512f"))).contains("Haswell");
  }

  @Test
  void openBlasIsLeftItsChoiceOnProcessorsWithoutAvx2() {
    assertThat(NativeLibraries.core(Stream.of("flags : fpu sse2 avx"))).isEmpty();
    assertThat(NativeLibraries.core(Stream.of("processor : 0"))).isEmpty();
  }

  @Test
  void openBlasComputesWithTheKernelsOfThisProcessor() throws IOException {
    NativeLibraries.load();
    assumeThat(Platform.isLinux() && Platform.isIntel() && Platform.is64Bit()).isTrue();
    assumeThat(System.getProperty(NativeLibraries.CORE)).isNull();
    Optional<String> expected;
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      expected = NativeLibraries.core(lines);
    }
    assumeThat(expected).isPresent();
    assertThat(NativeLibraries.takenCore()).isEqualTo(expected.get());
  }

  @Test
  void aProductIsRight() {
    NativeLibraries.load();
    int n = 100;
    INDArray left = Nd4j.create(n, n);
    INDArray right = Nd4j.create(n, n);
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        left.putScalar(i, j, (i + 2 * j) % 7);
        right.putScalar(i, j, (3 * i + j) % 5);
      }
    }
    INDArray product = left.mmul(right);
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        int sum = 0;
        for (int k = 0; k < n; k++) {
          sum += (i + 2 * k) % 7 * ((3 * k + j) % 5);
        }
        assertThat(product.getFloat(i, j)).isEqualTo(sum);
      }
    }
  }
}
