package dev.lockstep.spark.registry;

import dev.lockstep.spark.storage.Location;
import dev.lockstep.yaml.Section;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The right to write to a place, which one process has at a time: to add versions to a registry, or
 * to go on with a run. A claim is a file {@code lease/000001.json} there that one process alone can
 * create (where {@link Location#create} says so); its number, the fence, is higher than those of
 * all claims that are there. The holder renews its claim in a thread of its own. Once the newest
 * claim is released or has expired, as that of a process that died, another may make the next one;
 * whoever held the lease until then is told by {@link #check}. After {@link #delete} fences begin
 * anew, so that a claim is known by its number and its holder.
 *
 * <p>A holder that is stopped between {@link #check} and what it does next may still do that. It
 * does a registry no harm: a version's directory takes its name only if that is free, and a
 * champion has one successor. The clocks of the machines should agree within a few seconds.
 *
 * <p>Safe for use by many threads.
 */
public final class Lease implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Lease.class);
  private static final int RENEWALS = 3;
  private static final int KEPT = 20;
  private static final int MOST_LOOKS = 5;
  private static final long GLANCE_MILLIS = 200;

  private final Location directory;
  private final Duration timeout;
  private final ScheduledExecutorService renewing =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "lockstep-lease");
            thread.setDaemon(true);
            return thread;
          });

  private final ScheduledFuture<?> renewals;
  private final CompletableFuture<LeaseException> lost = new CompletableFuture<>();
  private Claim claim;
  private boolean deleted;

  private Lease(Location directory, Duration timeout, Claim claim) {
    this.directory = directory;
    this.timeout = timeout;
    this.claim = claim;
    long period = timeout.toMillis() / RENEWALS;
    this.renewals =
        renewing.scheduleWithFixedDelay(this::renew, period, period, TimeUnit.MILLISECONDS);
  }

  /**
   * Takes the lease of {@code place} if it is free.
   *
   * @param timeout how long after its holder's last sign of life it is free again; at least 1 s
   * @throws LeaseException if another process has it
   * @throws IOException if the place cannot be read or written to
   */
  public static Lease take(Location place, Duration timeout) throws IOException {
    Optional<Claim> newest = newest(directory(place));
    if (isHeld(newest)) {
      throw held(place, newest.get());
    }
    return take(place, timeout, newest);
  }

  /**
   * Takes the lease of {@code place} if it is free or its holder has died: at once if that is seen
   * from here, and where it cannot be, as of a process of another machine or container, when it has
   * given no sign of life until its claim expires.
   *
   * @param timeout as of {@link #take}
   * @throws LeaseException if another process has it, or this thread is interrupted
   * @throws IOException if the place cannot be read or written to
   */
  public static Lease takeOver(Location place, Duration timeout) throws IOException {
    Optional<Claim> newest = newest(directory(place));
    if (!isHeld(newest)) {
      return take(place, timeout, newest);
    }
    Claim claim = newest.get();
    return switch (claim.holder().state()) {
      case ALIVE -> throw held(place, claim);
      case DEAD -> take(place, timeout, newest);
      case OUT_OF_SIGHT -> take(place, timeout, awaitExpiry(place, claim));
    };
  }

  private static boolean isHeld(Optional<Claim> newest) {
    return newest.isPresent() && !newest.get().isFree(Instant.now());
  }

  /** The newest claim, once that is free and {@code claim} was never renewed. */
  private static Optional<Claim> awaitExpiry(Location place, Claim claim) throws IOException {
    LOG.warn(
        "{}: waiting for its lease, which is held by {}: that process may have died where it cannot be seen from here, and is given up then",
        place,
        claim);
    Optional<Claim> now = Optional.of(claim);
    while (isHeld(now)) {
      if (!now.get().equals(claim)) {
        throw held(place, now.get());
      }
      try {
        Thread.sleep(GLANCE_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw held(place, claim);
      }
      now = newest(directory(place));
    }
    return now;
  }

  private static Location directory(Location place) {
    return place.child("lease");
  }

  private static Lease take(Location place, Duration timeout, Optional<Claim> newest)
      throws IOException {
    Location directory = directory(place);
    if (directory.files().isEmpty()) {
      directory.createDirectory();
    }
    Claim claim =
        new Claim(
            newest.map(Claim::fence).orElse(0L) + 1,
            Holder.self(),
            Instant.now().truncatedTo(ChronoUnit.MILLIS).plus(timeout),
            false);
    boolean made = file(directory, claim).create(RegistryFile.content(claim.toJson()));
    Claim after = newest(directory).orElse(claim);
    if (!made || !after.isSameAs(claim)) {
      throw held(place, after);
    }
    LOG.info("took the lease of {}: fence {}", place, claim.fence());
    deleteOld(directory);
    return new Lease(directory, timeout, claim);
  }

  private static LeaseException held(Location place, Claim claim) {
    return new LeaseException("%s: the lease is held by %s".formatted(place, claim));
  }

  private static Optional<Claim> newest(Location directory) throws IOException {
    for (int look = 0; look < MOST_LOOKS; look++) {
      List<String> names = RegistryFile.numbered(directory);
      if (names.isEmpty()) {
        return Optional.empty();
      }
      String name = names.get(names.size() - 1);
      Optional<Section> claim = RegistryFile.find(directory.child(name));
      if (claim.isPresent()) {
        return Optional.of(Claim.read(RegistryFile.number(name), claim.get()));
      }
      // Its holder has deleted it since.
    }
    throw new IOException(directory + ": its newest claim is listed, but cannot be opened");
  }

  private static Location file(Location directory, Claim claim) {
    return directory.child(RegistryFile.name(claim.fence()));
  }

  /** The newest ones show who held it lately. */
  private static void deleteOld(Location directory) {
    try {
      List<String> names = RegistryFile.numbered(directory);
      for (String name : names.subList(0, Math.max(0, names.size() - KEPT))) {
        directory.child(name).delete();
      }
    } catch (IOException e) {
      LOG.warn("old claims in {} cannot be deleted: {}", directory, Location.reason(e));
    }
  }

  /** The number of this claim. */
  public synchronized long fence() {
    return claim.fence();
  }

  /**
   * Makes sure that this process still has the lease. Waits while that is being renewed: on an
   * object store there is for moments no claim then.
   *
   * @throws LeaseException if another has taken it
   * @throws IOException if that cannot be told
   */
  public synchronized void check() throws IOException {
    Optional<Claim> newest = newest(directory);
    Claim own = claim;
    if (newest.isEmpty() || !newest.get().isSameAs(own)) {
      throw new LeaseException(
          "%s: this process was silent for more than %d s and lost the lease (fence %d); it %s"
              .formatted(
                  directory,
                  timeout.toSeconds(),
                  own.fence(),
                  newest.map(Lease::whereabouts).orElse("has been deleted by another process")));
    }
  }

  private static String whereabouts(Claim other) {
    return other.released() ? "was held last by " + other.holder() : "is held by " + other;
  }

  /** Is completed, in a thread of the lease's, once another process is seen to have taken it. */
  public CompletableFuture<LeaseException> lost() {
    return lost;
  }

  private synchronized void renew() {
    try {
      check();
      write(claim.until(Instant.now().truncatedTo(ChronoUnit.MILLIS).plus(timeout)));
    } catch (LeaseException e) {
      LOG.warn("{}", e.getMessage());
      renewals.cancel(false);
      lost.complete(e);
    } catch (IOException | RuntimeException e) {
      LOG.warn("the lease of {} cannot be renewed: {}; trying again", directory, e.toString());
    }
  }

  private void write(Claim next) throws IOException {
    file(directory, next).write(RegistryFile.content(next.toJson()));
    claim = next;
  }

  /**
   * Gives the lease back, unless another process has it, and leaves nothing of it at a place to
   * which nobody has to write again.
   */
  public void delete() {
    renewing.shutdown();
    synchronized (this) {
      deleted = true;
      try {
        check();
        directory.delete();
      } catch (LeaseException e) {
        LOG.debug("{}", e.getMessage());
      } catch (IOException | RuntimeException e) {
        LOG.warn("the lease of {} cannot be deleted: {}; it expires", directory, e.toString());
      }
    }
  }

  /** Gives the lease back, unless another process has it. What cannot be given back expires. */
  @Override
  public void close() {
    renewing.shutdown();
    synchronized (this) {
      if (deleted) {
        return;
      }
      try {
        check();
        write(claim.release());
      } catch (LeaseException e) {
        LOG.debug("{}", e.getMessage());
      } catch (IOException | RuntimeException e) {
        LOG.warn("the lease of {} cannot be released: {}; it expires", directory, e.toString());
      }
    }
  }
}
