package dev.lockstep.spark.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.lockstep.spark.storage.Location;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class LeaseTest {
  private static final Duration LONG = Duration.ofMinutes(10);
  private static final Holder FAR = new Holder("far", 12, "1", "another machine's");

  @TempDir Path directory;
  private ModelRegistry registry;

  @BeforeEach
  void openRegistry() {
    registry = new ModelRegistry(Location.of(directory.toString()));
  }

  private Lease takeOrNull() {
    try {
      return Lease.take(registry.location(), LONG);
    } catch (LeaseException e) {
      return null;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void ofTwentyOneTakesIt() {
    List<Lease> taken =
        IntStream.range(0, 20)
            .parallel()
            .mapToObj(i -> takeOrNull())
            .filter(Objects::nonNull)
            .toList();

    assertThat(taken).hasSize(1);
    taken.get(0).close();
  }

  @Test
  void whoeverMeetsItHearsWhoHasIt() throws Exception {
    try (Lease lease = Lease.take(registry.location(), LONG)) {
      assertThatThrownBy(() -> Lease.take(registry.location(), LONG))
          .isInstanceOf(LeaseException.class)
          .hasMessageContaining("is held by process " + ProcessHandle.current().pid())
          .hasMessageContaining("(fence 1)");
      lease.check();
    }
  }

  @Test
  void eachHolderHasAHigherFence() throws Exception {
    for (int fence = 1; fence <= 30; fence++) {
      try (Lease lease = Lease.take(registry.location(), LONG)) {
        assertThat(lease.fence()).isEqualTo(fence);
      }
    }
    assertThat(directory.resolve("lease").toFile().list()).hasSize(20);
  }

  @Test
  void aDeadHoldersLeaseIsTakenOnceItHasExpired() throws Exception {
    claim("far", 12, Instant.now().minusSeconds(1));

    try (Lease lease = Lease.take(registry.location(), LONG)) {
      assertThat(lease.fence()).isEqualTo(5);
    }
  }

  private void claim(String host, long pid, Instant expires) throws IOException {
    write("000004.json", new Holder(host, pid, "1", "another machine's"), expires);
  }

  private void claimHere(long pid) throws IOException {
    Holder self = Holder.self();
    Holder holder = new Holder(self.host(), pid, "1", self.numbering());
    write("000004.json", holder, Instant.now().plus(LONG));
  }

  private void write(String name, Holder holder, Instant expires) throws IOException {
    write(name, new Claim(4, holder, expires, false));
  }

  /** Whole, as other processes write theirs: whoever reads meanwhile sees the old one. */
  private void write(String name, Claim written) throws IOException {
    String claim = written.toJson().toString();
    Files.createDirectories(directory.resolve("lease"));
    registry.location().child("lease").child(name).write(out -> out.write(claim.getBytes(UTF_8)));
  }

  private static long deadProcess() throws Exception {
    Process dead = new ProcessBuilder("true").start();
    dead.waitFor();
    return dead.pid();
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void whoeverTakesOverFromADeadProcessOfThisMachineDoesNotWait() throws Exception {
    claimHere(deadProcess());

    try (Lease lease = Lease.takeOver(registry.location(), LONG)) {
      assertThat(lease.fence()).isEqualTo(5);
    }
  }

  @Test
  void aProcessThatAnotherContainerOfThisHostNumbersIsNotTakenForDead() throws Exception {
    Instant expires = Instant.now().plusSeconds(1);
    claim(InetAddress.getLocalHost().getHostName(), deadProcess(), expires);

    try (Lease lease = Lease.takeOver(registry.location(), LONG)) {
      assertThat(Instant.now()).isAfterOrEqualTo(expires);
      assertThat(lease.fence()).isEqualTo(5);
    }
  }

  /** The fence of whoever takes the lease over. */
  private CompletableFuture<Long> takingOver() {
    return CompletableFuture.supplyAsync(
        () -> {
          try (Lease lease = Lease.takeOver(registry.location(), LONG)) {
            return lease.fence();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  @Test
  void whoeverWaitedForAHolderThatEndedMeanwhileMakesTheNextClaim() throws Exception {
    claim("far", 12, Instant.now().plus(LONG));
    CompletableFuture<Long> taking = takingOver();
    write("000009.json", FAR, Instant.now().minusSeconds(1));

    assertThat(taking.get(20, TimeUnit.SECONDS)).isEqualTo(10);
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void anotherProcessWithTheNumberOfADeadOneDoesNotHoldItsLease() throws Exception {
    claimHere(ProcessHandle.current().pid());

    try (Lease lease = Lease.takeOver(registry.location(), LONG)) {
      assertThat(lease.fence()).isEqualTo(5);
    }
  }

  @Test
  void nobodyTakesOverFromALivingProcess() throws Exception {
    try (Lease lease = Lease.take(registry.location(), LONG)) {
      assertThatThrownBy(() -> Lease.takeOver(registry.location(), LONG))
          .isInstanceOf(LeaseException.class)
          .hasMessageContaining("is held by process " + ProcessHandle.current().pid());
      lease.check();
    }
  }

  @Test
  void aProcessOfAnotherMachineIsGivenUpWhenItsClaimExpires() throws Exception {
    Instant expires = Instant.now().plusSeconds(1);
    claim("far", 12, expires);

    try (Lease lease = Lease.takeOver(registry.location(), LONG)) {
      assertThat(lease.fence()).isEqualTo(5);
      assertThat(Instant.now()).isAfterOrEqualTo(expires);
    }
  }

  @Test
  void aProcessOfAnotherMachineThatRenewsItsClaimIsAlive() throws Exception {
    claim("far", 12, Instant.now().plus(LONG));
    CompletableFuture<Long> taking = takingOver();

    await()
        .atMost(Duration.ofSeconds(20))
        .until(
            () -> {
              claim("far", 12, Instant.now().plus(LONG));
              return taking.isDone();
            });
    assertThatThrownBy(taking::join)
        .hasRootCauseInstanceOf(LeaseException.class)
        .rootCause()
        .hasMessageContaining("is held by process 12 on far");
  }

  @Test
  void aHolderThatLostItIsToldByItsOwnThread() throws Exception {
    try (Lease slow = Lease.take(registry.location(), Duration.ofSeconds(1))) {
      write("000002.json", FAR, Instant.now().plus(LONG));

      assertThat(slow.lost().get(20, TimeUnit.SECONDS))
          .hasMessageContaining("lost the lease (fence 1)");
    }
  }

  @Test
  void aHolderIsToldThatAnotherTookIt() throws Exception {
    try (Lease slow = Lease.take(registry.location(), LONG)) {
      Path claim = directory.resolve("lease/000001.json");
      Files.writeString(
          claim,
          Files.readString(claim)
              .replaceFirst("(\"expires\" : )[^,]*", "$1\"2026-01-01T00:00:00Z\""));
      try (Lease fast = Lease.take(registry.location(), LONG)) {
        fast.check();
        assertThatThrownBy(slow::check)
            .isInstanceOf(LeaseException.class)
            .hasMessageContaining("lost the lease (fence 1)")
            .hasMessageContaining("(fence 2)");
        slow.delete();
        fast.check();
      }
    }
  }

  @Test
  void aHolderIsToldThatAnotherTookItWhereFencesBeganAnew() throws Exception {
    try (Lease slow = Lease.take(registry.location(), LONG)) {
      registry.location().child("lease").delete();
      assertThatThrownBy(slow::check)
          .hasMessageEndingWith("lost the lease (fence 1); it has been deleted by another process");
      write("000001.json", FAR, Instant.now().plus(LONG));

      assertThatThrownBy(slow::check)
          .isInstanceOf(LeaseException.class)
          .hasMessageContaining("lost the lease (fence 1); it is held by process 12 on far");
      slow.delete();
      assertThat(directory.resolve("lease/000001.json")).content().contains("far");
    }
    assertThat(directory.resolve("lease/000001.json")).content().contains("far");
  }

  @Test
  void aHolderWhoseLeaseWasGivenBackByAnotherIsToldWhoHadIt() throws Exception {
    try (Lease slow = Lease.take(registry.location(), LONG)) {
      write("000001.json", new Claim(1, FAR, Instant.now().plus(LONG), true));

      assertThatThrownBy(slow::check)
          .hasMessageEndingWith("lost the lease (fence 1); it was held last by process 12 on far");
    }
  }

  @Test
  void aLivingHolderRenewsIt() throws Exception {
    try (Lease lease = Lease.take(registry.location(), Duration.ofSeconds(1))) {
      Instant first = expires();
      await().atMost(Duration.ofSeconds(20)).until(() -> expires().isAfter(first));
      lease.check();
    }
  }

  /** There is no claim for a moment then. */
  @Test
  void whoeverChecksItWhileAnObjectStoreRenewsItStillHasIt() throws Exception {
    String scheme = "spark.hadoop.fs.AbstractFileSystem.steps.impl";
    System.setProperty(scheme, StoreThatReplacesInTwoSteps.class.getName());
    CompletableFuture<Void> checked = new CompletableFuture<>();
    AtomicReference<Lease> lease = new AtomicReference<>();
    Thread checking =
        new Thread(
            () -> {
              try {
                lease.get().check();
                checked.complete(null);
              } catch (IOException | RuntimeException e) {
                checked.completeExceptionally(e);
              }
            });
    try {
      lease.set(Lease.take(Location.of("steps:" + directory), Duration.ofSeconds(1)));
      StoreThatReplacesInTwoSteps.between =
          () -> {
            if (checking.getState() == Thread.State.NEW) {
              checking.start();
              await()
                  .atMost(Duration.ofSeconds(20))
                  .until(() -> checked.isDone() || checking.getState() == Thread.State.BLOCKED);
            }
          };

      assertThat(checked.get(20, TimeUnit.SECONDS)).isNull();
    } finally {
      StoreThatReplacesInTwoSteps.between = () -> {};
      lease.get().close();
      System.clearProperty(scheme);
    }
  }

  private Instant expires() throws IOException {
    return Claim.read(1, RegistryFile.read(registry.location().child("lease").child("000001.json")))
        .expires();
  }
}
