package lignin.nextflow;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import lignin.nextflow.EventQueue.Event;

/**
 * Appends events to the spool with one thread of its own. A callback waits only when the queue is full, for a bounded time, and then
 * writes itself; what the disk does not take is kept in memory and tried again.
 */
final class Spool {
    private static final long QUEUE = 16 << 20;
    private static final long BACKLOG = 32 << 20;
    private static final long WAIT_MS = 500;
    private static final long RETRY_MS = 1000;

    private final SpoolFile file;
    private final Path otherFolder;
    private final String stem;
    private final Supplier<Map<String, Object>> lostEvent;
    private final Guard guard;
    private final EventQueue queue;
    private final long queueLimit;
    private final long backlogLimit;
    private final ReentrantLock writing = new ReentrantLock();
    private final AtomicLong lost = new AtomicLong();
    private final Deque<Line> backlog = new ArrayDeque<>();
    private final Thread writer = new Thread(this::work, "lignin-spool");
    private long backlogSize;
    private long seq;
    private long retryAt;
    private boolean closed;

    private record Line(byte[] bytes, boolean force) {
    }

    /** {@code lostEvent} gives the members that an event has which tells of lost ones, but for their count. */
    Spool(SpoolFile file, Path otherFolder, String stem, Supplier<Map<String, Object>> lostEvent, Guard guard) {
        this(file, otherFolder, stem, lostEvent, guard, QUEUE, BACKLOG);
    }

    Spool(SpoolFile file, Path otherFolder, String stem, Supplier<Map<String, Object>> lostEvent, Guard guard, long queueLimit, long backlogLimit) {
        this.file = file;
        this.otherFolder = otherFolder;
        this.stem = stem;
        this.lostEvent = lostEvent;
        this.guard = guard;
        this.queueLimit = queueLimit;
        this.queue = new EventQueue(queueLimit);
        this.backlogLimit = backlogLimit;
        writer.setDaemon(true);
    }

    /** The first folder that takes a file is the place of the spool; null when none does. */
    static SpoolFile open(Path folder, Path otherFolder, String stem, Guard guard) {
        try {
            return SpoolFile.create(folder, stem);
        } catch (IOException | RuntimeException refused) {
            try {
                return SpoolFile.create(otherFolder, stem);
            } catch (IOException | RuntimeException again) {
                guard.say("records nothing: neither " + folder + " nor " + otherFolder + " can be written (" + again + ")", refused);
                return null;
            }
        }
    }

    void start() {
        writer.start();
    }

    Path path() {
        return file.path();
    }

    /** Hands an event over: a JSON object whose first members, {@code schema} and {@code seq}, are set here. */
    void append(Map<String, Object> event, boolean force) {
        hand(new Event(Json.line(event), force));
    }

    /** The same for one that the writer's thread makes, soon: the callback is over at once. It must not change meanwhile. */
    void appendLater(Supplier<Map<String, Object>> event) {
        hand(Event.later(() -> {
            Map<String, Object> made = event.get();
            return made == null ? null : Json.line(made);
        }));
    }

    private void hand(Event entry) {
        boolean interrupted = Thread.interrupted();
        try {
            if (!offer(entry, WAIT_MS, queueLimit) && !writeSelf(entry) && !offer(entry, 0, queueLimit + backlogLimit)) {
                lost.incrementAndGet();
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private boolean offer(Event entry, long millis, long room) {
        try {
            return queue.offer(entry, millis, room);
        } catch (InterruptedException again) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** The callback's thread does the writer's work; not when the writer hangs in a write that does not end. */
    private boolean writeSelf(Event entry) {
        try {
            if (!writing.tryLock(WAIT_MS, TimeUnit.MILLISECONDS)) {
                return false;
            }
        } catch (InterruptedException again) {
            Thread.currentThread().interrupt();
            return false;
        }
        try {
            takeAll();
            take(entry);
            flush(false);
            return true;
        } finally {
            writing.unlock();
        }
    }

    private void work() {
        boolean open = true;
        while (open) {
            open = guard.call("write", this::turn, true);
        }
    }

    private boolean turn() {
        boolean open = queue.await(RETRY_MS);
        writing.lock();
        try {
            takeAll();
            flush(!open);
            return open;
        } finally {
            writing.unlock();
        }
    }

    private void takeAll() {
        queue.drain().forEach(this::take);
    }

    private void take(Event event) {
        String body = event.body().get();
        if (body == null) {
            return;
        }
        byte[] bytes = line(body);
        if (!backlog.isEmpty() && backlogSize + bytes.length > backlogLimit) {
            lost.incrementAndGet();
            return;
        }
        backlog.add(new Line(bytes, event.force()));
        backlogSize += bytes.length;
    }

    private byte[] line(String body) {
        return ("{\"schema\":1,\"seq\":" + seq++ + "," + body.substring(1) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    private void flush(boolean last) {
        if (closed || !last && retryAt != 0 && System.nanoTime() - retryAt < 0) {
            return;
        }
        try {
            writeTo(file);
            retryAt = 0;
        } catch (IOException | RuntimeException full) {
            retryAt = System.nanoTime() + RETRY_MS * 1_000_000;
            guard.say("cannot write " + file.path() + " (" + full + "), tries again", full);
        }
        if (last) {
            finish();
        }
    }

    private void writeTo(SpoolFile target) throws IOException {
        boolean force = false;
        while (!backlog.isEmpty()) {
            Line line = backlog.peek();
            target.append(line.bytes());
            backlog.remove();
            backlogSize -= line.bytes().length;
            force |= line.force();
        }
        if (lost.get() > 0) {
            long count = lost.get();
            Map<String, Object> event = lostEvent.get();
            event.put("count", count);
            target.append(line(Json.line(event)));
            lost.addAndGet(-count);
            force = true;
        }
        if (force) {
            target.force();
        }
    }

    private void finish() {
        closed = true;
        try (file) {
            if (!backlog.isEmpty()) {
                try (SpoolFile rest = SpoolFile.create(otherFolder, stem)) {
                    writeTo(rest);
                }
            }
        } catch (IOException | RuntimeException gone) {
            guard.say("could not keep " + backlog.size() + " events (" + gone + ")", gone);
        }
    }

    /** Writes what is there and closes the file; gives up after this time. */
    void close(long millis) throws InterruptedException {
        queue.close();
        writer.join(millis);
    }
}
