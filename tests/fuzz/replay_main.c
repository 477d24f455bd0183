/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay_main - runs a fuzz target over the files of its corpus.
 *
 * Each fuzz target is linked with this driver in every build, so that an input that
 * once broke a parser is tried again by each test run, without a fuzzer.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 16 << 20 };

static int
replay_file(const char *dir, const char *name)
{
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/%s", dir, name);
    if (len < 0 || (size_t)len >= sizeof path)
        return -1;

    FILE *file = fopen(path, "rbe");
    if (!file)
        return -1;
    uint8_t *data = malloc(INPUT_MAX);
    if (!data) {
        fclose(file);
        return -1;
    }
    size_t size = fread(data, 1, INPUT_MAX, file);
    fclose(file);

    /* An exact-size copy lets AddressSanitizer see a read past the end. */
    uint8_t *exact = malloc(size ? size : 1);
    if (!exact) {
        free(data);
        return -1;
    }
    for (size_t i = 0; i < size; i++)
        exact[i] = data[i];
    free(data);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 0;
}

int
main(int argc, char **argv)
{
    unsigned n = 0;

    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        if (!dir) {
            perror(argv[i]);
            return 1;
        }
        for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
            if (entry->d_name[0] == '.')
                continue;
            if (replay_file(argv[i], entry->d_name) < 0) {
                perror(entry->d_name);
                closedir(dir);
                return 1;
            }
            n++;
        }
        closedir(dir);
    }
    printf("replayed %u inputs\n", n);
    return n > 0 ? 0 : 1;
}
